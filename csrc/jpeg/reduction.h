#pragma once

#include <cstdint>

#include "bsgrow/resize.h"
#include "bsgrow/resized_crop.h"
#include "jpeg/rectangle.h"

namespace bsgrow {

// By how much an image can be reduced as it is decoded, in both directions: 8, 4 or 2 where its
// window then has as many pixels as it is resized to or more, else 1.
int64_t reduction_for(const CropWindow& window, const ResizedShape& shape);

// A rectangle of a stored image in the image that is reduced: each edge at the nearest pixel's, the
// further one where two are as near. Not empty where the reduction is for it.
Rectangle reduced(const Rectangle& rectangle, int64_t reduction);

}  // namespace bsgrow
