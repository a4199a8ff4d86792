#include "jpeg/errors.h"

#include <cstring>
#include <type_traits>
// jerror.h needs jpeglib.h before it.
#include <jerror.h>

namespace bsgrow {
namespace {

constexpr char kPrematureEnd[] = "Premature end of JPEG file";  // in libjpeg's words

JpegErrors& errors_of(j_common_ptr info) { return *reinterpret_cast<JpegErrors*>(info->err); }

// The one that bytes were skipped before.
int marker_of(const jpeg_error_mgr& manager) { return manager.msg_parm.i[1]; }

// Between two restart intervals lost data is skipped; between two segments it is none of either's.
bool lies_between_segments(const jpeg_error_mgr& manager) {
  const int marker = marker_of(manager);
  return marker < JPEG_RST0 || marker > JPEG_RST0 + 7;
}

// Warnings that say nothing about pixels.
bool is_harmless(const jpeg_error_mgr& manager) {
  switch (manager.msg_code) {
    case JWRN_ADOBE_XFORM:
    case JWRN_BOGUS_ICC:
    case JWRN_JFIF_MAJOR:
      return true;
    case JWRN_JPEG_EOF:  // if a row needs more, another warning follows
      return true;
    case JWRN_EXTRANEOUS_DATA:
      return lies_between_segments(manager);
    default:
      return false;
  }
}

}  // namespace

JpegErrors::JpegErrors() {
  static_assert(std::is_standard_layout_v<JpegErrors>, "its first member is at its address");
  jpeg_std_error(&manager_);
  manager_.error_exit = on_error;
  manager_.emit_message = on_message;
}

bool JpegErrors::is_unsupported() const {
  switch (manager_.msg_code) {
    case JERR_NO_SOI:
    case JERR_SOF_UNSUPPORTED:
    case JERR_BAD_PRECISION:
    case JERR_ARITH_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
      return true;
    default:
      return false;
  }
}

void JpegErrors::stop(const char* message) {
  std::strncpy(message_, message, sizeof message_ - 1);
  std::longjmp(jump_, 1);
}

void JpegErrors::on_error(j_common_ptr info) {
  JpegErrors& errors = errors_of(info);
  if (errors.reached_end_) errors.stop(kPrematureEnd);
  errors.manager_.format_message(info, errors.message_);
  std::longjmp(errors.jump_, 1);
}

void JpegErrors::on_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  JpegErrors& errors = errors_of(info);
  const int code = errors.code();
  errors.reached_end_ |= code == JWRN_JPEG_EOF;
  errors.left_bytes_ |= code == JWRN_EXTRANEOUS_DATA && marker_of(errors.manager_) == JPEG_EOI;
  if (!is_harmless(*info->err)) on_error(info);
}

}  // namespace bsgrow
