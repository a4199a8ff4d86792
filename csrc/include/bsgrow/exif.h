#pragma once

#include <cstdint>

namespace bsgrow {

// How the image of a TIFF, or of the TIFF that EXIF is, is to be shown: 1 (upright) to 8, by tag
// 0x0112 of its first directory (EXIF 2.32, section 4.6.5.1; TIFF 6.0, section 8).
//
// The first entry of that tag decides. It counts with type SHORT or LONG, one of it, and a value of
// 1 to 8; whatever else it is means 1, and so does a directory that lies outside, or none. Of a
// directory that is cut off, the entries that are there count. Either byte order, and BigTIFF.
int read_orientation_tag(const uint8_t* tiff, int64_t size) noexcept;

}  // namespace bsgrow
