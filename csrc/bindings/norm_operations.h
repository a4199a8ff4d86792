#pragma once

#include <pybind11/pybind11.h>

namespace bsgrow {

// Batch norm over groups, of tensors that bsgrow/models/ghost_native.py has checked: addresses
// cross, as a view of each array costs as much as a small norm.
void bind_norm_operations(pybind11::module_& module);

}  // namespace bsgrow
