#pragma once

// All that the kernels include, before any instruction set is chosen: what is compiled for one set
// must stay inside its own namespace, or the linker might pick it for every machine.
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "bsgrow/augment.h"
#include "bsgrow/round_to.h"
#include "cpu/kernels.h"

#define BSGROW_STRING_OF(text) #text
#define BSGROW_STRING(name) BSGROW_STRING_OF(name)
