#include "cpu/kernels.h"

#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace bsgrow {
namespace {

constexpr const char* kVariable = "BSGROW_INSTRUCTION_SET";

#if defined(__x86_64__)
// Clang's __builtin_cpu_supports does not know it.
bool has_f16c() {
  unsigned eax, ebx, ecx, edx;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bit_F16C);
}
#endif

// What this machine runs, the best first.
std::vector<const Kernels*> supported_kernels() {
  std::vector<const Kernels*> supported;
#if defined(__x86_64__)
  const bool has_avx2 =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
#if !defined(BSGROW_WITHOUT_AVX512)
  const bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  const bool has_bf16 = __builtin_cpu_supports("avx512bf16");
  if (has_avx2 && has_avx512 && has_bf16) supported.push_back(&avx512bf16::kKernels);
  if (has_avx2 && has_avx512) supported.push_back(&avx512::kKernels);
#endif
  if (has_avx2) supported.push_back(&avx2::kKernels);
#endif
  supported.push_back(&baseline::kKernels);
  return supported;
}

const Kernels& choose_kernels() {
  const std::vector<const Kernels*> supported = supported_kernels();
  const char* const wanted = std::getenv(kVariable);
  if (!wanted || !*wanted) return *supported.front();
  std::string names;
  for (const Kernels* kernels : supported) {
    if (!std::strcmp(kernels->instruction_set, wanted)) return *kernels;
    names += std::string(names.empty() ? "" : ", ") + kernels->instruction_set;
  }
  throw std::invalid_argument(std::string(kVariable) + ": expected one of " + names +
                              " on this machine, got " + wanted);
}

}  // namespace

const Kernels& best_kernels() {
  static const Kernels& chosen = choose_kernels();
  return chosen;
}

std::vector<const char*> instruction_sets() {
  std::vector<const char*> names;
  for (const Kernels* kernels : supported_kernels()) names.push_back(kernels->instruction_set);
  return names;
}

const char* instruction_set() { return best_kernels().instruction_set; }

}  // namespace bsgrow
