#include "minillama/weights/huge_pages.h"

#include <sys/mman.h>

#include <new>

namespace minillama {
namespace {

constexpr std::size_t kPageBytes = 2 << 20;

}  // namespace

HugePages::HugePages(std::size_t bytes) {
  const std::size_t whole = (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
  memory_.reset(static_cast<std::byte*>(::operator new (whole, std::align_val_t{kPageBytes})));
#ifdef MADV_HUGEPAGE
  ::madvise(memory_.get(), whole, MADV_HUGEPAGE);  // a wish: nothing is wrong if it is refused
#endif
}

void HugePages::Delete::operator()(std::byte* memory) const {
  ::operator delete (memory, std::align_val_t{kPageBytes});
}

}  // namespace minillama
