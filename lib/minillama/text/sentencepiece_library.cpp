#include "minillama/text/sentencepiece_library.h"

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <memory>
#include <new>
#include <optional>

#include <fmt/format.h>
#include <sentencepiece_processor.h>

#include "minillama/core/error.h"

// The program is linked without libsentencepiece, so nothing here may refer to its symbols by name.
// Virtual functions are reached through the object's vtable (this file is compiled with
// -fno-devirtualize, so that they stay virtual calls), all else by dlsym().

namespace minillama {
namespace {

using sentencepiece::SentencePieceProcessor;

#ifdef MINILLAMA_SENTENCEPIECE_USES_ABSL  // 0.2.1 and later; libabsl_status is linked
using absl::Status;
constexpr const char* kSetMinLogLevel = "_ZN13sentencepiece14SetMinLogLevelEi";
#else
using sentencepiece::util::Status;
constexpr const char* kSetMinLogLevel = "_ZN13sentencepiece7logging14SetMinLogLevelEi";
#endif

struct Library {
  void (*construct_processor)(void* storage);
  void (*set_min_log_level)(int level);
#ifndef MINILLAMA_SENTENCEPIECE_USES_ABSL
  void (*destroy_status)(Status*);
  const char* (*status_message)(const Status*);
#endif
};

/// Opens the first of these libraries that there is.
void* open(std::initializer_list<const char*> names) {
  std::string problem;
  for (const char* name : names) {
    // dlopen() but for its name: AddressSanitizer's own dlopen() refuses RTLD_DEEPBIND.
    void* handle = ::dlmopen(LM_ID_BASE, name, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    if (handle != nullptr) return handle;
    problem += fmt::format("{}{}", problem.empty() ? "" : "; ", ::dlerror());
  }
  throw InputError(fmt::format("cannot open the library sentencepiece: {}", problem));
}

template <typename Function>
void find(void* library, const char* symbol, Function*& function) {
  void* address = ::dlsym(library, symbol);
  if (address == nullptr) {
    throw InputError(fmt::format("the library sentencepiece lacks a function: {}", ::dlerror()));
  }
  function = reinterpret_cast<Function*>(address);
}

Library open_library() {
  // The library this was built against, or else the one that the system has.
  void* handle = open({MINILLAMA_SENTENCEPIECE_LIBRARY, "libsentencepiece.so.0"});
  Library library;
  find(handle, "_ZN13sentencepiece22SentencePieceProcessorC1Ev", library.construct_processor);
  find(handle, kSetMinLogLevel, library.set_min_log_level);
#ifndef MINILLAMA_SENTENCEPIECE_USES_ABSL
  find(handle, "_ZN13sentencepiece4util6StatusD1Ev", library.destroy_status);
  find(handle, "_ZNK13sentencepiece4util6Status13error_messageEv", library.status_message);
#endif
  return library;
}

/// Opened at the first call and never closed.
const Library& library() {
  static const Library opened = open_library();
  return opened;
}

std::string message_of(const Status& status) {
#ifdef MINILLAMA_SENTENCEPIECE_USES_ABSL
  return std::string(status.message());
#else
  return library().status_message(&status);
#endif
}

void destroy(Status& status) {
#ifdef MINILLAMA_SENTENCEPIECE_USES_ABSL
  std::destroy_at(&status);
#else
  library().destroy_status(&status);
#endif
}

/// Runs `call`, which returns a Status. Returns what went wrong, nothing if all went well.
template <typename Call>
std::optional<std::string> failure(const Call& call) {
  // In a union, so that the compiler calls no ~Status(): it would refer to it by name.
  union Held {
    explicit Held(const Call& function) : status(function()) {}
    ~Held() {}
    Status status;
  };
  try {
    Held held(call);
    std::optional<std::string> problem;
    if (!held.status.ok()) problem = quote(message_of(held.status), 200);
    destroy(held.status);
    return problem;
  } catch (const std::exception& error) {
    return quote(error.what(), 200);
  }
}

/// The number behind `mark` in `message`.
std::optional<std::string_view> number_behind(std::string_view message, std::string_view mark) {
  const auto at = message.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  message.remove_prefix(at + mark.size());
  return message.substr(0, message.find_first_not_of("0123456789"));
}

/// What the trainer's `message` comes to, in words of this program's user.
std::string training_problem(std::string_view message) {
  if (const auto most = number_behind(message, "set it to a value <= ")) {
    return fmt::format("the text is enough for {} at most", *most);
  }
  if (message.find("required_chars") != std::string_view::npos) {
    if (const auto least = number_behind(message, " vs ")) {
      return fmt::format("its characters and the bytes need {} at least", *least);
    }
  }
  return "the text is too short for so many, or has too many characters for so few";
}

/// Whether the library finds the same text at that path: it knows files, "\n" and nothing else, and
/// takes a comma for the end of a path.
bool library_reads_alike(const TextFile& text) {
  return text.is_mapped() && text.text().size() == text.bytes().size() &&
         text.text().find('\r') == std::string_view::npos &&
         text.path().native().find(',') == std::string::npos;
}

/// A text in memory that has a path.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view content) : descriptor_(::memfd_create("text", MFD_CLOEXEC)) {
    if (descriptor_ < 0) throw IoError("text for a tokenizer", "cannot keep in memory", errno);
    while (!content.empty()) {
      const auto written = ::write(descriptor_, content.data(), content.size());
      if (written < 0 && errno != EINTR) {
        const int error = errno;
        ::close(descriptor_);
        throw IoError("text for a tokenizer", "cannot keep in memory", error);
      }
      content.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
    }
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const { return fmt::format("/proc/self/fd/{}", descriptor_); }

 private:
  int descriptor_;
};

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
  if (problem) throw FileError(path, "libsentencepiece makes no tokenizer of what it holds");
}

SentencePieceEncoder::~SentencePieceEncoder() = default;

std::vector<std::int64_t> SentencePieceEncoder::encode(std::string_view text) const {
  std::vector<int> ids;
  const auto problem = failure([&] { return processor_->get()->Encode(text, &ids); });
  if (problem) throw InputError(fmt::format("sentencepiece cannot encode: {}", quote(text)));
  return {ids.begin(), ids.end()};
}

std::string train_sentencepiece(const TextFile& text, std::int64_t vocab_size) {
  text.check();
  std::optional<MemoryFile> copy;
  if (!library_reads_alike(text)) copy.emplace(text.normalized());
  using Train = Status(std::string_view arguments, void* iterator, std::string* model);
  Train* train = nullptr;
  find(open({MINILLAMA_SENTENCEPIECE_TRAIN_LIBRARY, "libsentencepiece_train.so.0"}),
       "_ZN13sentencepiece20SentencePieceTrainer5TrainESt17basic_string_viewIcSt11char_traitsIcEE"
       "PNS_16SentenceIteratorEPNSt7__cxx1112basic_stringIcS3_SaIcEEE",
       train);
  library().set_min_log_level(2);  // errors only
  const auto arguments = fmt::format(
      "--input={} --vocab_size={} --model_type=bpe --byte_fallback=true --split_digits=true "
      "--normalization_rule_name=identity --max_sentence_length=1048576 "
      "--input_sentence_size=1000000 --shuffle_input_sentence=true --minloglevel=2",
      copy ? copy->path() : text.path().native(), vocab_size);
  std::string model;
  const auto problem = failure([&] { return train(arguments, nullptr, &model); });
  if (problem) {
    throw OptionError(fmt::format("no tokenizer of {} pieces can be made of {}: {}", vocab_size,
                                  quote(text.path().native(), 400), training_problem(*problem)));
  }
  return model;
}

}  // namespace minillama
