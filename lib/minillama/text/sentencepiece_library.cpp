#include "minillama/text/sentencepiece_library.h"

#include <dlfcn.h>

#include <new>
#include <optional>
#include <type_traits>

#include <fmt/format.h>
#include <sentencepiece_processor.h>

#include "minillama/core/error.h"

// The program is linked without libsentencepiece, so nothing here may refer to its symbols by name.
// Virtual functions are reached through the object's vtable (this file is compiled with
// -fno-devirtualize, so that they stay virtual calls), the constructor and Status by dlsym().

namespace minillama {
namespace {

using sentencepiece::SentencePieceProcessor;
using sentencepiece::util::Status;

struct Library {
  void (*construct_processor)(void* storage);
  void (*destroy_status)(Status*);
  const char* (*status_message)(const Status*);
};

Library open_library() {
  void* handle = nullptr;
  std::string problem;
  // The library this was built against, or else the one that the system has.
  for (const char* name : {MINILLAMA_SENTENCEPIECE_LIBRARY, "libsentencepiece.so.0"}) {
    // dlopen() but for its name: AddressSanitizer's own dlopen() refuses RTLD_DEEPBIND.
    handle = ::dlmopen(LM_ID_BASE, name, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    if (handle != nullptr) break;
    problem += fmt::format("{}{}", problem.empty() ? "" : "; ", ::dlerror());
  }
  if (handle == nullptr) {
    throw InputError(fmt::format("cannot open the library sentencepiece: {}", problem));
  }
  const auto find = [&](auto& function, const char* symbol) {
    void* address = ::dlsym(handle, symbol);
    if (address == nullptr) {
      throw InputError(fmt::format("the library sentencepiece lacks a function: {}", ::dlerror()));
    }
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(address);
  };
  Library library;
  find(library.construct_processor, "_ZN13sentencepiece22SentencePieceProcessorC1Ev");
  find(library.destroy_status, "_ZN13sentencepiece4util6StatusD1Ev");
  find(library.status_message, "_ZNK13sentencepiece4util6Status13error_messageEv");
  return library;
}

/// Opened at the first call and never closed.
const Library& library() {
  static const Library opened = open_library();
  return opened;
}

/// Runs `call`, which returns a Status. Returns what went wrong, nothing if all went well.
template <typename Call>
std::optional<std::string> failure(const Call& call) {
  // In a union, so that ~Status() is ours to call: the compiler would refer to it by name.
  union Held {
    explicit Held(const Call& function) : status(function()) {}
    ~Held() {}
    Status status;
  };
  try {
    Held held(call);
    std::optional<std::string> problem;
    if (!held.status.ok()) problem = quote(library().status_message(&held.status), 200);
    library().destroy_status(&held.status);
    return problem;
  } catch (const std::exception& error) {
    return quote(error.what(), 200);
  }
}

}  // namespace

struct SentencePieceEncoder::Processor {
  Processor() { library().construct_processor(storage); }
  ~Processor() { get()->~SentencePieceProcessor(); }

  SentencePieceProcessor* get() {
    return std::launder(reinterpret_cast<SentencePieceProcessor*>(storage));
  }

  alignas(SentencePieceProcessor) std::byte storage[sizeof(SentencePieceProcessor)];
};

SentencePieceEncoder::SentencePieceEncoder(std::string_view model,
                                           const std::filesystem::path& path)
    : processor_(std::make_unique<Processor>()) {
  const auto problem = failure([&] { return processor_->get()->LoadFromSerializedProto(model); });
  if (problem) throw FileError(path, fmt::format("sentencepiece refuses it: {}", *problem));
}

SentencePieceEncoder::~SentencePieceEncoder() = default;

std::vector<std::int64_t> SentencePieceEncoder::encode(std::string_view text) const {
  std::vector<int> ids;
  const auto problem = failure([&] { return processor_->get()->Encode(text, &ids); });
  if (problem) throw InputError(fmt::format("sentencepiece cannot encode: {}", *problem));
  return {ids.begin(), ids.end()};
}

}  // namespace minillama
