// The permutation and the random numbers of a chunk: see cpu/draws.h. The loops are plain, and the
// compiler makes vector code of them.

void permute_chunk(const Permutation& permutation, uint32_t offset, uint32_t* samples) {
  const Permutation p = permutation;
  const auto last = static_cast<uint32_t>(p.num_samples - 1);
  uint32_t walked[kChunk];
  for (int64_t i = 0; i < kChunk; ++i) {
    const uint32_t x = offset + static_cast<uint32_t>(i);
    walked[i] = feistel(p, x < last ? x : last);
  }
  // All walk on together until each is back inside: few are not at once.
  for (uint32_t outside = 1; outside;) {
    outside = 0;
    for (int64_t i = 0; i < kChunk; ++i) outside |= walked[i] > last;
    if (!outside) break;
    for (int64_t i = 0; i < kChunk; ++i) {
      const uint32_t next = feistel(p, walked[i]);
      walked[i] = walked[i] > last ? next : walked[i];
    }
  }
  memcpy(samples, walked, sizeof walked);
}

// Windows and holes start as zeros: what is not drawn stays so.
void draw_chunk(const Augment& augment, const ImageShape& shape, uint64_t seed, Draws& draws) {
  const Augment drawn = augment;
  const uint32_t* const samples = draws.samples;
  const uint32_t* const epochs = draws.epochs;
  if (drawn.pad > 0) {
    for (int64_t i = 0; i < kChunk; ++i) {
      draw_crop(drawn.pad, seed, samples[i], epochs[i], draws.top[i], draws.left[i]);
    }
  }
  if (drawn.flip) {
    for (int64_t i = 0; i < kChunk; ++i) draws.flipped[i] = draw_flip(seed, samples[i], epochs[i]);
  }
  if (drawn.cutout > 0) {
    const auto height = static_cast<uint32_t>(shape.height);
    const auto width = static_cast<uint32_t>(shape.width);
    for (int64_t i = 0; i < kChunk; ++i) {
      draws.holes[i] = draw_hole(drawn, seed, samples[i], epochs[i], height, width);
    }
  }
}
