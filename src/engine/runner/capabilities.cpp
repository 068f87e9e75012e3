#include "engine/runner/capabilities.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace lazurite::runner {
namespace {

constexpr std::array<unsigned, 12> kDropped = {
    CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_SYS_MODULE, CAP_SYS_RAWIO,
    CAP_SYS_BOOT,  CAP_SYS_TIME,   CAP_SYS_CHROOT, CAP_DAC_READ_SEARCH,
    CAP_MKNOD,     CAP_BPF,        CAP_PERFMON,    CAP_CHECKPOINT_RESTORE};

struct Sets {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> words{};
};

// A program of the superuser gets all that is in the bounding set: this is what lasts.
Status DropFromBounds() {
  for (const unsigned capability : kDropped) {
    // An older kernel does not know the newer ones.
    if (prctl(PR_CAPBSET_READ, capability, 0, 0, 0) != 1) continue;
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) continue;
    return ErrnoStatus("limiting the job's privileges", errno);
  }
  return {};
}

}  // namespace

Status DropCapabilities() {
  Sets sets;
  if (syscall(SYS_capget, &sets.header, sets.words.data()) != 0) {
    return ErrnoStatus("reading the privileges", errno);
  }
  const __u32 may_set = sets.words[CAP_TO_INDEX(CAP_SETPCAP)].effective;
  if ((may_set & CAP_TO_MASK(CAP_SETPCAP)) != 0) TRY(DropFromBounds());
  // The ambient ones would outlast the change of program.
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL) {
    return ErrnoStatus("clearing ambient privileges", errno);
  }
  for (const unsigned capability : kDropped) {
    __user_cap_data_struct& word = sets.words[CAP_TO_INDEX(capability)];
    const __u32 kept = ~CAP_TO_MASK(capability);
    word.effective &= kept;
    word.permitted &= kept;
    word.inheritable &= kept;
  }
  if (syscall(SYS_capset, &sets.header, sets.words.data()) == 0) return {};
  return ErrnoStatus("dropping privileges", errno);
}

}  // namespace lazurite::runner
