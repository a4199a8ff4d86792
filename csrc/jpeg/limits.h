#pragma once

#include "bsgrow/decode_batch.h"
#include "jpeg/errors.h"

namespace bsgrow {

// Progressive images are held whole as coefficients, and each scan goes over all of them: both are
// bounded, so that a small file cannot ask for everything.
constexpr long kMaxBytes = 512L << 20;
constexpr int kMaxScans = 100;  // encoders write about ten

void limit_resources(jpeg_decompress_struct* info, jpeg_progress_mgr* progress);

// Ends what is guarded where a component has no scan, which libjpeg decodes as grey. Call it when
// all scans were read; those that only refine what is there need not be, by the standard, unless
// the data ended without a marker, so that nothing says that they were left out.
void require_scans(const jpeg_decompress_struct& info, JpegErrors* errors);

// What the guarded code failed at, with the byte where libjpeg began the block that it was at.
DecodeStatus failure_of(const JpegErrors& errors, const jpeg_source_mgr* source,
                        const EncodedImage& image);

// What a sound image is that is not decoded here: its colours and bits.
std::string describe_kind(const jpeg_decompress_struct& info);

std::string describe_excess(const jpeg_decompress_struct& info, int64_t max_pixels);

}  // namespace bsgrow
