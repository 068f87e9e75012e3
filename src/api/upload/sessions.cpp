#include "api/upload/sessions.h"

#include "base/hash.h"

namespace lazurite::upload {
namespace {

std::string IdOf(const std::string& whose, const std::string& what) {
  return Sha256Hex(whose + "\n" + what).substr(0, 32);
}

}  // namespace

Result<Sessions::Session> Sessions::Open(Asked asked) {
  blobs_->SweepStaged();
  // The same for the same request, so that an upload can be found again.
  const std::string common = IdOf(asked.caller, asked.manifest.ToJson().Dump());
  while (true) {
    const std::shared_ptr<Entry> entry = Reserve(common, asked.sender);
    if (!entry) return Session();
    const std::lock_guard lock(entry->changing);
    if (entry->is_over) continue;
    if (std::shared_ptr<UploadSession> upload = Find(entry->id)) {
      upload->Touch(clock_->Steady());
      // Ends a body whose sender is gone, so that the count is right.
      upload->BeginReceiving()->End();
      return Session{entry->id, std::move(upload)};
    }
    Result<std::shared_ptr<UploadSession>> begun =
        UploadSession::Begin(*blobs_, std::move(asked.manifest), entry->id);
    if (!begun.ok()) {
      entry->is_over = true;
      Remove(entry);
      return begun.status();
    }
    (*begun)->Touch(clock_->Steady());
    entries_.With([&](Entries&) { entry->upload = *begun; });
    return Session{entry->id, *std::move(begun)};
  }
}

std::shared_ptr<UploadSession> Sessions::Find(const std::string& id) const {
  return entries_.With([&](const Entries& entries) {
    const auto found = entries.find(id);
    return found == entries.end() ? nullptr : found->second->upload;
  });
}

void Sessions::Drop(const Session& session) {
  const std::shared_ptr<Entry> entry = entries_.With([&](const Entries& entries) {
    const auto found = entries.find(session.id);
    const bool is_it = found != entries.end() && found->second->upload == session.upload;
    return is_it ? found->second : nullptr;
  });
  if (!entry) return;
  const std::lock_guard lock(entry->changing);
  if (entry->is_over) return;
  // Until its folder is gone nobody begins another one there.
  session.upload->Discard();
  entry->is_over = true;
  Remove(entry);
}

void Sessions::Remove(const std::shared_ptr<Entry>& entry) {
  entries_.With([&](Entries& entries) { entries.erase(entry->id); });
}

void Sessions::Expire(Entries& entries, Instant now) {
  std::erase_if(entries, [&](const auto& named) {
    Entry& entry = *named.second;
    if (!entry.upload || now - entry.upload->touched() <= BlobStore::kStagedLife) return false;
    const std::unique_lock lock(entry.changing, std::try_to_lock);
    if (lock) entry.is_over = true;
    return lock.owns_lock();
  });
}

bool Sessions::IsHeld(const Entry& entry, Instant now) {
  if (!entry.upload) return true;
  return !entry.upload->is_left() && now - entry.upload->touched() < kHeldMax;
}

// The entry to use; nullptr if there are too many.
std::shared_ptr<Sessions::Entry> Sessions::Reserve(const std::string& common,
                                                   const std::string& sender) {
  const Instant now = clock_->Steady();
  const std::string own = IdOf(common, sender);
  return entries_.With([&](Entries& entries) -> std::shared_ptr<Entry> {
    Expire(entries, now);
    auto found = entries.find(own);
    std::string id = own;
    if (found == entries.end()) {
      found = entries.find(common);
      const bool is_others =
          found != entries.end() && found->second->sender != sender && IsHeld(*found->second, now);
      if (is_others) found = entries.end();
      if (!is_others) id = common;
    }
    if (found == entries.end()) {
      if (entries.size() >= kSessionsMax) return nullptr;
      found = entries.emplace(id, std::make_shared<Entry>()).first;
      found->second->id = id;
    }
    found->second->sender = sender;
    return found->second;
  });
}

}  // namespace lazurite::upload
