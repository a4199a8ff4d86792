#include <mutex>
#include <set>
#include <utility>

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
    case Layout::kPlanarFours:
      return load_batch_kernel<Out, Layout::kPlanarFours>;
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

// Once for each kernel on each device. Memory that is not shared is L1, which nothing here uses
// twice: left to itself, the driver may keep so much of it that fewer warps fit.
cudaError_t prefer_shared_memory(Kernel kernel) {
  static std::mutex mutex;
  static std::set<std::pair<int, Kernel>> asked;
  int device = 0;
  const cudaError_t found = cudaGetDevice(&device);
  if (found != cudaSuccess) return found;
  const std::lock_guard<std::mutex> lock(mutex);
  if (asked.count({device, kernel})) return cudaSuccess;
  const cudaError_t error = cudaFuncSetAttribute(
      kernel, cudaFuncAttributePreferredSharedMemoryCarveout, cudaSharedmemCarveoutMaxShared);
  if (error == cudaSuccess) asked.insert({device, kernel});
  return error;
}

__global__ void advance_cursor_kernel(uint64_t* cursor, uint64_t count) { *cursor += count; }

}  // namespace
}  // namespace cuda

cudaError_t load_batch(const DeviceLoadBatch& batch, cudaStream_t cuda_stream) {
  const cuda::Arguments arguments = cuda::make_arguments(batch);
  if (arguments.num_items == 0) return cudaSuccess;
  const uint64_t per_block = uint64_t{arguments.items_per_warp} * cuda::kWarpsPerBlock;
  const uint64_t num_blocks = (arguments.num_items + per_block - 1) / per_block;
  if (num_blocks > INT32_MAX) return cudaErrorInvalidConfiguration;
  const cuda::Kernel kernel = cuda::choose_kernel(batch.batch.dtype, arguments.tiling.layout);
  const uint32_t shared_bytes = cuda::kWarpsPerBlock * cuda::warp_bytes(arguments);
  const cudaError_t preferred = cuda::prefer_shared_memory(kernel);
  if (preferred != cudaSuccess) return preferred;
  kernel<<<static_cast<uint32_t>(num_blocks), cuda::kThreads, shared_bytes, cuda_stream>>>(
      arguments);
  return cudaGetLastError();
}

cudaError_t advance_cursor(uint64_t* cursor, uint64_t count, cudaStream_t cuda_stream) {
  cuda::advance_cursor_kernel<<<1, 1, 0, cuda_stream>>>(cursor, count);
  return cudaGetLastError();
}

}  // namespace bsgrow
