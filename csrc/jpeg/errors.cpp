#include "jpeg/errors.h"

#include <cstring>
#include <type_traits>
// jerror.h needs jpeglib.h before it.
#include <jerror.h>

namespace bsgrow {
namespace {

JpegErrors& errors_of(j_common_ptr info) { return *reinterpret_cast<JpegErrors*>(info->err); }

// Warnings that say nothing about pixels.
bool is_harmless(const jpeg_error_mgr& manager) {
  switch (manager.msg_code) {
    case JWRN_ADOBE_XFORM:
    case JWRN_BOGUS_ICC:
    case JWRN_JFIF_MAJOR:
      return true;
    case JWRN_EXTRANEOUS_DATA:  // padding behind the last row is common
      return manager.msg_parm.i[1] == JPEG_EOI;
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
  errors.manager_.format_message(info, errors.message_);
  std::longjmp(errors.jump_, 1);
}

void JpegErrors::on_message(j_common_ptr info, int level) {
  if (level < 0 && !is_harmless(*info->err)) on_error(info);
}

}  // namespace bsgrow
