#include <memory>
#include <utility>

#include "bindings/batch_arguments.h"
#include "bindings/operations.h"
#include "bindings/positions.h"
#include "bindings/released_gil.h"
#include "bindings/task.h"
#include "bsgrow/load_batch.h"

namespace py = pybind11;

namespace bsgrow {
namespace {

CheckedLoadBatch check(const LoadBatchArguments& arguments) {
  return check_load_batch(arguments, Gathered{0}, to_array);
}

}  // namespace

void check_and_load_batch(const LoadBatchArguments& arguments, py::handle num_threads) {
  const CheckedLoadBatch checked = check(arguments);
  const int threads = to_num_threads(num_threads);
  const ReleasedGil released;
  load_batch(checked.batch, threads);
}

std::unique_ptr<PyTask> check_and_load_batch_async(const LoadBatchArguments& arguments,
                                                   py::handle num_threads) {
  CheckedLoadBatch checked = check(arguments);
  const int threads = to_num_threads(num_threads);
  Chunks chunks = load_batch_chunks(checked.batch, threads + 1);
  return std::make_unique<PyTask>(std::move(checked.arrays), std::move(chunks), threads);
}

}  // namespace bsgrow
