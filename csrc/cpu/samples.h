#pragma once

#include <cstdint>

namespace bsgrow {

// What a JPEG's samples are made of and become, to the bits of libjpeg-turbo's vector code for
// x86-64: its accurate integer inverse DCT, its smooth upsampling and its colours.

constexpr int64_t kSampleBlock = 32;  // samples of a row that are made at once

// Coefficients int16 [8, 8] times table uint16 [8, 8] -> samples [8, 8], [4, 4] or [2, 2], rows
// pitch apart. What saturates and wraps where no image does is libjpeg-turbo's for [8, 8] alone.
using InverseDct = void (*)(const int16_t* coefficients, const uint16_t* table, uint8_t* out,
                            int64_t pitch);

// count samples of half width -> twice as many, kSampleBlock at once. The sample before the first
// is read and those behind the last; far is the neighbouring row, or null where none is stored at
// half height.
using UpsampleRow = void (*)(const uint8_t* near, const uint8_t* far, int64_t count, uint8_t* out);

// Rows of Y, Cb and Cr -> [count, 3], red, green, blue, kSampleBlock at once.
using ToRgb = void (*)(const uint8_t* y, const uint8_t* cb, const uint8_t* cr, int64_t count,
                       uint8_t* out);

}  // namespace bsgrow
