#include "bsgrow/device.h"
#include "cuda/load_items.h"
#include "cuda/make_arguments.h"
#include "cuda/team.h"

namespace bsgrow {
namespace cuda {
namespace {

constexpr uint32_t kThreads = kWarpsPerBlock * kLanes;

template <typename Out, Layout kLayout>
__global__ void __launch_bounds__(kThreads, 8)
    load_batch_kernel(const __grid_constant__ Arguments arguments) {
  extern __shared__ __align__(16) uint8_t shared[];
  const uint32_t warp = threadIdx.x / kLanes;
  load_items<Out, kLayout>(arguments, Warp{}, uint64_t{blockIdx.x} * kWarpsPerBlock + warp,
                           shared + warp * warp_bytes(arguments));
}

using Kernel = void (*)(const Arguments);

template <typename Out>
Kernel choose_kernel(Layout layout) {
  switch (layout) {
    case Layout::kPlanar:
      return load_batch_kernel<Out, Layout::kPlanar>;
    case Layout::kInterleaved:
      return load_batch_kernel<Out, Layout::kInterleaved>;
    default:
      return load_batch_kernel<Out, Layout::kAny>;
  }
}

Kernel choose_kernel(DType dtype, Layout layout) {
  switch (dtype) {
    case DType::kFloat32:
      return choose_kernel<float>(layout);
    case DType::kFloat16:
      return choose_kernel<Float16>(layout);
    default:
      return choose_kernel<BFloat16>(layout);
  }
}

__global__ void advance_cursor_kernel(uint64_t* cursor, uint64_t count) { *cursor += count; }

}  // namespace
}  // namespace cuda

cudaError_t load_batch(const DeviceLoadBatch& batch, cudaStream_t stream) {
  const cuda::Arguments arguments = cuda::make_arguments(batch);
  if (arguments.num_items == 0) return cudaSuccess;
  const uint64_t per_block = uint64_t{arguments.items_per_warp} * cuda::kWarpsPerBlock;
  const uint64_t num_blocks = (arguments.num_items + per_block - 1) / per_block;
  if (num_blocks > INT32_MAX) return cudaErrorInvalidConfiguration;
  const cuda::Kernel kernel = cuda::choose_kernel(batch.batch.dtype, arguments.tiling.layout);
  const uint32_t shared_bytes = cuda::kWarpsPerBlock * cuda::warp_bytes(arguments);
  // Memory that is not shared is L1, which nothing here uses twice: left to itself, the driver may
  // keep so much of it that fewer warps fit.
  const cudaError_t preferred = cudaFuncSetAttribute(
      kernel, cudaFuncAttributePreferredSharedMemoryCarveout, cudaSharedmemCarveoutMaxShared);
  if (preferred != cudaSuccess) return preferred;
  kernel<<<static_cast<uint32_t>(num_blocks), cuda::kThreads, shared_bytes, stream>>>(arguments);
  return cudaGetLastError();
}

cudaError_t advance_cursor(uint64_t* cursor, uint64_t count, cudaStream_t stream) {
  cuda::advance_cursor_kernel<<<1, 1, 0, stream>>>(cursor, count);
  return cudaGetLastError();
}

}  // namespace bsgrow
