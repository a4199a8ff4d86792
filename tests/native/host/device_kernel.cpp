// The CUDA kernel's source, compiled for the host: blocks and lanes run in loops. Built and called
// by tests/native/test_cuda_host.py.

#include <cstdlib>
#include <cstring>
#include <memory>

#include "cuda/load_items.h"
#include "cuda/make_arguments.h"
#include "cuda/team.h"

namespace {

using namespace bsgrow;

struct Free {
  void operator()(uint8_t* memory) const { std::free(memory); }
};

// Exactly as large as on the device, so that AddressSanitizer sees what would reach over its end,
// and full of what nobody wrote.
template <typename Out, cuda::Layout kLayout>
void run_warp(const cuda::Arguments& arguments, bool backwards, uint64_t warp) {
  const size_t size = cuda::warp_bytes(arguments);
  const std::unique_ptr<uint8_t, Free> shared(
      static_cast<uint8_t*>(std::aligned_alloc(cuda::kVectorBytes, size)));
  std::memset(shared.get(), 0xA5, size);
  cuda::load_items<Out, kLayout>(arguments, cuda::HostWarp{backwards}, warp, shared.get());
}

template <typename Out>
void run_warp(const cuda::Arguments& arguments, bool backwards, uint64_t warp) {
  switch (arguments.tiling.layout) {
    case cuda::Layout::kAny:
      return run_warp<Out, cuda::Layout::kAny>(arguments, backwards, warp);
    case cuda::Layout::kPlanar:
      return run_warp<Out, cuda::Layout::kPlanar>(arguments, backwards, warp);
    case cuda::Layout::kInterleaved:
      return run_warp<Out, cuda::Layout::kInterleaved>(arguments, backwards, warp);
    case cuda::Layout::kPlanarFours:
      return run_warp<Out, cuda::Layout::kPlanarFours>(arguments, backwards, warp);
  }
}

}  // namespace

// Returns the layout that was chosen, and writes the number of bands and whether tiles are staged.
extern "C" int load_batch_on_host(const DeviceLoadBatch* batch, uint32_t items_per_warp,
                                  uint64_t few_items, int backwards, uint32_t* num_bands,
                                  int* staged) {
  cuda::Arguments arguments = cuda::make_arguments(*batch, few_items);
  if (items_per_warp > 0) arguments.items_per_warp = items_per_warp;
  const uint64_t num_warps = arguments.num_items / arguments.items_per_warp + 2;  // two idle
  for (uint64_t i = 0; i < num_warps; ++i) {
    const uint64_t warp = backwards ? num_warps - 1 - i : i;
    switch (batch->batch.dtype) {
      case DType::kFloat32:
        run_warp<float>(arguments, backwards, warp);
        break;
      case DType::kFloat16:
        run_warp<Float16>(arguments, backwards, warp);
        break;
      case DType::kBFloat16:
        run_warp<BFloat16>(arguments, backwards, warp);
        break;
    }
  }
  *num_bands = arguments.tiling.num_bands;
  *staged = arguments.tiling.tile_bytes > 0;
  return static_cast<int>(arguments.tiling.layout);
}

extern "C" uint64_t default_few_items() { return cuda::kFewItems; }

extern "C" size_t size_of_batch() { return sizeof(DeviceLoadBatch); }
