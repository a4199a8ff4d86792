#include "bsgrow/device.h"

namespace bsgrow {

// Only nvcc knows what it was asked for.
std::vector<int> built_architectures() {
  std::vector<int> capabilities;
  for (const int architecture : {__CUDA_ARCH_LIST__}) capabilities.push_back(architecture / 10);
  return capabilities;
}

}  // namespace bsgrow
