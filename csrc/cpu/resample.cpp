#include "cpu/resample.h"

#include <algorithm>
#include <cmath>

namespace bsgrow {
namespace {

// Half of size - part, to the nearest even number where it lies between two: Python's round().
int64_t centre(int64_t size, int64_t part) {
  const int64_t twice = size - part;
  return twice / 2 + (twice % 2 & twice / 2 % 2);
}

// The filter around one resized pixel, in the order of operations of Pillow's precompute_coeffs:
// only so do the weights have the same bits.
struct Filter {
  double scale;    // source pixels a resized one
  double support;  // how far the triangle reaches to each side
  int64_t source;

  explicit Filter(const Axis& axis)
      : scale(static_cast<double>(axis.source) / axis.resized),
        support(std::max(scale, 1.0)),
        source(axis.source) {}

  double centre_of(int64_t pixel) const { return (pixel + 0.5) * scale; }
  int64_t begin(double centre) const {
    return std::max<int64_t>(static_cast<int64_t>(centre - support + 0.5), 0);
  }
  int64_t end(double centre) const {
    return std::min<int64_t>(static_cast<int64_t>(centre + support + 0.5), source);
  }
  double weight(int64_t tap, double centre) const {
    const double distance = std::fabs((tap - centre + 0.5) * (1.0 / support));
    return distance < 1.0 ? 1.0 - distance : 0.0;
  }
};

int64_t resized_pixel(const Axis& axis, int64_t i) {
  return axis.first + (axis.mirrored ? axis.count - 1 - i : i);
}

void set_weight(TapGroup* groups, int64_t tap, double weight) {
  const auto bits = static_cast<int32_t>(0.5 + weight * (1 << kWeightBits));
  TapGroup& group = groups[tap / kTapGroup];
  group.high[tap % kTapGroup] = static_cast<int16_t>(bits >> kLowBits);
  group.low[tap % kTapGroup] = static_cast<int16_t>(bits & ((1 << kLowBits) - 1));
}

void set_weights(const Filter& filter, double centre, TapGroup* groups, std::vector<double>* row) {
  const int64_t begin = filter.begin(centre);
  const int64_t count = filter.end(centre) - begin;
  double sum = 0;
  for (int64_t tap = 0; tap < count; ++tap) {
    sum += (*row)[tap] = filter.weight(tap + begin, centre);
  }
  for (int64_t tap = 0; tap < count; ++tap) {
    set_weight(groups, tap, sum != 0 ? (*row)[tap] / sum : (*row)[tap]);
  }
}

void measure(const Axis& axis, const Filter& filter, TapTable* table) {
  const double low = filter.centre_of(axis.first);
  const double high = filter.centre_of(axis.first + axis.count - 1);
  table->begin = filter.begin(low);
  table->end = filter.end(high);
  table->num_taps = 0;
  for (int64_t i = 0; i < axis.count; ++i) {
    const double centre = filter.centre_of(resized_pixel(axis, i));
    table->first[i] = static_cast<int32_t>(filter.begin(centre) - table->begin);
    table->last[i] = static_cast<int32_t>(filter.end(centre) - 1 - table->begin);
    table->num_taps = std::max<int64_t>(table->num_taps, table->last[i] - table->first[i] + 1);
  }
  table->num_groups = (table->num_taps + kTapGroup - 1) / kTapGroup;
}

}  // namespace

Axis make_axis(int64_t source, int64_t other_source, int64_t resize, int64_t count, bool mirrored) {
  if (resize == 0) return {source, count, 0, count, mirrored};
  const int64_t resized = resize * source / std::min(source, other_source);
  return {source, resized, centre(resized, count), count, mirrored};
}

void make_taps(const Axis& axis, TapTable* table) {
  const Filter filter(axis);
  const int64_t padded = round_up(axis.count, kPixelBlock);
  table->first.assign(padded, 0);
  table->last.resize(axis.count);
  measure(axis, filter, table);
  table->groups.assign(padded * table->num_groups, {});
  std::vector<double> row(table->num_taps);
  for (int64_t i = 0; i < axis.count; ++i) {
    set_weights(filter, filter.centre_of(resized_pixel(axis, i)),
                &table->groups[i * table->num_groups], &row);
  }
}

}  // namespace bsgrow
