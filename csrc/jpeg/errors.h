#pragma once

#include <csetjmp>
#include <cstdio>
// jpeglib.h needs size_t and FILE before it.
#include <jpeglib.h>

namespace bsgrow {

// libjpeg's errors: instead of ending the process they jump back to run_guarded. Warnings that
// tell of lost pixels do the same; those that only concern metadata are ignored, and so are bytes
// between segments, and an end of the data by itself: what is missing there is told of later.
class JpegErrors {
 public:
  JpegErrors();
  JpegErrors(const JpegErrors&) = delete;
  JpegErrors& operator=(const JpegErrors&) = delete;

  jpeg_error_mgr* manager() { return &manager_; }
  const char* message() const { return message_; }
  int code() const { return manager_.msg_code; }

  // Whether the image is sound as far as was seen, but of a kind that libjpeg does not decode.
  bool is_unsupported() const;

  // Whether libjpeg asked for more than there is: the image has no end-of-image marker.
  bool reached_end() const { return reached_end_; }

  // Whether bytes that no row needed lie before the end.
  bool left_bytes() const { return left_bytes_; }

  // Ends what is guarded, with a message of our own.
  [[noreturn]] void stop(const char* message);

  // Calls body; returns false where libjpeg failed in it. The jump runs no destructors: nothing
  // that has one may be alive in body when it calls libjpeg.
  template <typename Body>
  bool run_guarded(const Body& body) {
    if (setjmp(jump_)) return false;
    body();
    return true;
  }

 private:
  static void on_error(j_common_ptr info);
  static void on_message(j_common_ptr info, int level);

  jpeg_error_mgr manager_;  // the first member: libjpeg's pointer to it is a pointer to this
  std::jmp_buf jump_;
  char message_[JMSG_LENGTH_MAX] = "";
  bool reached_end_ = false;
  bool left_bytes_ = false;
};

}  // namespace bsgrow
