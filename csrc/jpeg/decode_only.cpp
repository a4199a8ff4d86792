#include <new>

#include "bsgrow/decode_batch.h"
#include "jpeg/open_window.h"
#include "jpeg/orient.h"

namespace bsgrow {
namespace {

bool decode_and_drop(const EncodedImage& image, const CropWindow& window, int64_t max_pixels,
                     bool by_libjpeg, DecodeStatus* status) {
  JpegDecoder decoder(image, by_libjpeg);
  Orientation orientation;
  if (!open_window(image, window, max_pixels, &decoder, &orientation, status)) return false;
  const Rectangle shown{window.top, window.left, window.height, window.width};
  const Rectangle stored = to_stored(orientation, shown, decoder.height(), decoder.width());
  return decoder.decode(stored, 0, [](const uint8_t*) {}, status);
}

}  // namespace

Chunks decode_only_chunks(const EncodedImage* images, const CropWindow* windows, int64_t num_images,
                          int64_t max_pixels, bool by_libjpeg, DecodeStatus* statuses) {
  return {num_images, [=](int64_t i, int) {
            try {
              if (decode_and_drop(images[i], windows[i], max_pixels, by_libjpeg, &statuses[i])) {
                statuses[i] = {DecodeResult::kDecoded, {}};
              }
            } catch (const std::bad_alloc&) {
              statuses[i].message.assign("out of memory");  // short enough to need none
            }
          }};
}

}  // namespace bsgrow
