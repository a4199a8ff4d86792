#include "bsgrow/decode_batch.h"

#include <cstring>
#include <memory>
#include <new>

#include "cpu/resizer.h"
#include "jpeg/open_window.h"
#include "jpeg/orient.h"
#include "jpeg/reduction.h"

namespace bsgrow {
namespace {

// What is worked out once a call and then read by all threads.
struct Job {
  DecodeBatch batch;
  DecodeStatus* statuses;
  const Kernels& kernels;
  std::vector<float> scale;
  std::vector<float> bias;
  int64_t image_bytes;  // of output
  bool non_temporal;
};

Job make_job(const DecodeBatch& batch, DecodeStatus* statuses) {
  const ResizedShape& shape = batch.shape;
  const int64_t times = batch.channels_last ? shape.width : 1;
  const int64_t image_bytes = 3 * shape.height * shape.width * item_size(batch.dtype);
  return {batch,
          statuses,
          best_kernels(),
          tile(batch.scale, times),
          tile(batch.bias, times),
          image_bytes,
          batch.num_images > kNonTemporalBytes / image_bytes};
}

ImageOut image_out(const Job& job, int64_t i) {
  return {job.batch.dtype,  job.batch.channels_last,
          job.non_temporal, job.scale.data(),
          job.bias.data(),  static_cast<char*>(job.batch.out_images) + i * job.image_bytes};
}

// What the resizer needs of the window, as a rectangle of the image as shown.
Rectangle needed(const CropWindow& window, const Resizer& resizer) {
  const Span rows = resizer.rows();
  const Span columns = resizer.columns();
  return {window.top + rows.begin, window.left + columns.begin, rows.size(), columns.size()};
}

// Turned images are rare: they are held whole, turned and then resized like others.
bool decode_turned(JpegDecoder* decoder, const Orientation& orientation, const Rectangle& shown,
                   Resizer* resizer, DecodeStatus* status) {
  const Rectangle stored = to_stored(orientation, shown, decoder->height(), decoder->width());
  const int64_t num_bytes = 3 * shown.height * shown.width;
  std::vector<uint8_t> pixels(num_bytes);
  uint8_t* next = pixels.data();
  const auto keep = [&next, row_bytes = 3 * stored.width](const uint8_t* row) {
    std::memcpy(next, row, row_bytes);
    next += row_bytes;
  };
  if (!decoder->decode(stored, 0, keep, status)) return false;
  std::vector<uint8_t> turned(num_bytes + resizer->slack());
  orient(orientation, shown, pixels.data(), turned.data());
  for (int64_t y = 0; y < shown.height; ++y) {
    resizer->push_row(turned.data() + y * 3 * shown.width);
  }
  return true;
}

// Lets the decoder reduce the image where that is asked for; returns the window in what it decodes.
CropWindow reduce(const DecodeBatch& batch, const CropWindow& window,
                  const Orientation& orientation, JpegDecoder* decoder) {
  const int64_t reduction = batch.scaled ? reduction_for(window, batch.shape) : 1;
  if (reduction == 1) return window;
  const Rectangle full{window.top, window.left, window.height, window.width};
  const Rectangle stored = to_stored(orientation, full, decoder->height(), decoder->width());
  decoder->reduce(reduction);
  const Rectangle shown =
      to_shown(orientation, reduced(stored, reduction), decoder->height(), decoder->width());
  return {static_cast<int32_t>(shown.top), static_cast<int32_t>(shown.left),
          static_cast<int32_t>(shown.height), static_cast<int32_t>(shown.width), window.flipped};
}

bool decode_window(const Job& job, int64_t i, DecodeStatus* status) {
  const DecodeBatch& batch = job.batch;
  JpegDecoder decoder(batch.images[i], batch.by_libjpeg);
  Orientation orientation;
  if (!open_window(batch.images[i], batch.windows[i], batch.max_pixels, &decoder, &orientation,
                   status)) {
    return false;
  }
  const CropWindow window = reduce(batch, batch.windows[i], orientation, &decoder);
  Resizer resizer(job.kernels);
  resizer.start(window.height, window.width, batch.shape, window.flipped, image_out(job, i));
  const Rectangle shown = needed(window, resizer);
  if (!orientation.is_upright()) {
    return decode_turned(&decoder, orientation, shown, &resizer, status);
  }
  const auto push = [&resizer](const uint8_t* row) { resizer.push_row(row); };
  return decoder.decode(shown, resizer.slack(), push, status);
}

// Nothing but tables of codes is kept from one image to the next: it would save under 1 % of the
// time.
void decode_image(const Job& job, int64_t i) noexcept {
  DecodeStatus* const status = &job.statuses[i];
  try {
    if (decode_window(job, i, status)) *status = {DecodeResult::kDecoded, {}};
  } catch (const std::bad_alloc&) {
    status->result = DecodeResult::kFailed;
    status->message.assign("out of memory");  // short enough to need none
  }
  if (job.non_temporal) job.kernels.finish_non_temporal();
}

}  // namespace

Chunks decode_batch_chunks(const DecodeBatch& batch, DecodeStatus* statuses) {
  const auto job = std::make_shared<const Job>(make_job(batch, statuses));
  return {batch.num_images, [job](int64_t chunk, int) { decode_image(*job, chunk); }};
}

}  // namespace bsgrow
