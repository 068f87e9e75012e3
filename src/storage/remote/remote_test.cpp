#include <sys/stat.h>

#include <atomic>

#include "base/http/test_server.h"
#include "base/json.h"
#include "storage/remote/remote_cache.h"
#include "storage/remote/remote_url.h"

namespace lazurite {
namespace {

// A server of one file, which may break off, lead elsewhere or be away.
class RemoteTest : public testing::Test {
 protected:
  RemoteTest() : server_([this](Request& request) { return Serve(request); }) {}

  Task<Response> Serve(Request& request) {
    ++asked_;
    if (request.path == "/moved") {
      Response response = Response::Empty(302);
      response.headers.Set("Location", "/a/file%20one.csv?x=1");
      co_return response;
    }
    if (request.path == "/ring") {
      Response response = Response::Empty(307);
      response.headers.Set("Location", "ring");
      co_return response;
    }
    if (request.path == "/refused") co_return Response::Empty(403);
    if (request.path == "/busy" && asked_ < 3) co_return Response::Empty(503);
    if (request.path == "/none") co_return Response::Empty(404);
    co_return Content(request);
  }

  Response Content(const Request& request) {
    ranges_.push_back(std::string(request.headers.Get("Range")));
    const bool is_same = request.headers.Get("If-None-Match") == etag_;
    Response response = is_same ? Response::Empty(304) : Response::Text(200, content_);
    const bool is_rest = request.headers.Get("If-Range") == etag_ && request.headers.Has("Range");
    if (is_rest) {
      const std::string from(request.headers.Get("Range").substr(6));
      const auto at = static_cast<size_t>(std::stoul(from));
      response = Response::Text(206, content_.substr(at));
      response.headers.Set("Content-Range", "bytes " + std::to_string(at) + "-" +
                                                std::to_string(content_.size() - 1) + "/" +
                                                std::to_string(content_.size()));
    }
    response.headers.Set("ETag", etag_);
    return response;
  }

  std::string Url(const std::string& path = "/a/file%20one.csv?x=1") {
    return server_.url() + path;
  }
  std::string Folder() { return home_.path() + "/cache"; }
  Result<RemoteFile> Get(const std::string& url, int64_t bytes_max = int64_t{1} << 30) {
    DownloadHooks hooks;
    hooks.log = [this](std::string_view line) { log_ += std::string(line) + "\n"; };
    hooks.cancelled = [this] { return is_cancelled_.load(); };
    hooks.timeout = std::chrono::seconds(5);
    return RemoteCache(Folder(), bytes_max).Get(url, hooks);
  }
  // Where the address keeps what it has.
  std::string OwnFolder() { return JoinPath(Folder(), ListDir(Folder())->front()); }

  TempDir home_;
  std::string content_ = "1,2,3\n";
  std::string etag_ = "\"one\"";
  std::atomic<int> asked_ = 0;
  std::vector<std::string> ranges_;
  std::atomic<bool> is_cancelled_ = false;
  std::string log_;
  TestServer server_;
};

TEST_F(RemoteTest, AFileIsBroughtOnceAndAskedAboutThen) {
  const Result<RemoteFile> first = Get(Url());
  ASSERT_TRUE(first.ok()) << first.status().text();
  EXPECT_EQ(ReadFile(first->path).value(), content_);
  EXPECT_EQ(BaseName(first->path), "file one.csv");
  EXPECT_FALSE(first->was_there);
  struct stat info {};
  ASSERT_EQ(stat(first->path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0444U);
  const Result<RemoteFile> second = Get(Url());
  ASSERT_TRUE(second.ok());
  EXPECT_TRUE(second->was_there);
  EXPECT_EQ(second->path, first->path);
  EXPECT_EQ(asked_, 2);
  EXPECT_EQ(RemoteCache(Folder(), 1).Bytes(), 6);
}

TEST_F(RemoteTest, AnotherVersionReplacesOneThatNobodyUses) {
  Result<RemoteFile> first = Get(Url());
  content_ = "other\n";
  etag_ = "\"two\"";
  Result<RemoteFile> second = Get(Url());
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(ReadFile(second->path).value(), "other\n");
  EXPECT_EQ(ReadFile(first->path).value(), "1,2,3\n") << "it is in use";
  first = NotFound("done");
  second = NotFound("done");
  etag_ = "\"three\"";
  ASSERT_TRUE(Get(Url()).ok());
  EXPECT_EQ(RemoteCache(Folder(), 1).Bytes(), 6);
}

TEST_F(RemoteTest, ABrokenTransferGoesOnWhereItWas) {
  ASSERT_TRUE(Get(Url()).ok());
  const std::string own = OwnFolder();
  ASSERT_TRUE(RemoveTree(own).ok());
  ASSERT_TRUE(MakeDirs(own).ok());
  content_ = "0123456789";
  ASSERT_TRUE(WriteFile(own + "/part", "0123").ok());
  ASSERT_TRUE(WriteFile(own + "/part.json", R"({"etag":"\"one\"","modified":""})").ok());
  const Result<RemoteFile> file = Get(Url());
  ASSERT_TRUE(file.ok()) << file.status().text();
  EXPECT_EQ(ReadFile(file->path).value(), content_);
  EXPECT_EQ(ranges_.back(), "bytes=4-");
}

TEST_F(RemoteTest, APartOfAnotherVersionIsNotGoneOnWith) {
  ASSERT_TRUE(Get(Url()).ok());
  const std::string own = OwnFolder();
  ASSERT_TRUE(RemoveTree(own).ok());
  ASSERT_TRUE(MakeDirs(own).ok());
  ASSERT_TRUE(WriteFile(own + "/part", "abcdefghijkl").ok());
  ASSERT_TRUE(WriteFile(own + "/part.json", R"({"etag":"\"old\"","modified":""})").ok());
  const Result<RemoteFile> file = Get(Url());
  ASSERT_TRUE(file.ok()) << file.status().text();
  EXPECT_EQ(ReadFile(file->path).value(), content_);
}

TEST_F(RemoteTest, RedirectionsAreFollowedAndEnd) {
  const Result<RemoteFile> moved = Get(Url("/moved"));
  ASSERT_TRUE(moved.ok()) << moved.status().text();
  EXPECT_EQ(ReadFile(moved->path).value(), content_);
  EXPECT_EQ(Get(Url("/ring")).status().code(), Code::kFailedPrecondition);
  EXPECT_EQ(asked_, 2 + kRedirectsMax + 1);
}

TEST_F(RemoteTest, RefusalsAreToldAndOverloadPasses) {
  EXPECT_EQ(Get(Url("/none")).status().code(), Code::kNotFound);
  const Status refused = Get(Url("/refused?sig=hush")).status();
  EXPECT_EQ(refused.code(), Code::kPermissionDenied);
  EXPECT_EQ(refused.text().find("hush"), std::string::npos) << refused.text();
  EXPECT_NE(refused.text().find("sig=***"), std::string::npos) << refused.text();
  asked_ = 0;
  const Result<RemoteFile> busy = Get(Url("/busy"));
  ASSERT_TRUE(busy.ok()) << busy.status().text();
  EXPECT_EQ(asked_, 3);
  EXPECT_NE(log_.find("503; trying again"), std::string::npos) << log_;
}

TEST_F(RemoteTest, WhatWasUsedLongestAgoMakesRoomUnlessItIsInUse) {
  content_ = std::string(60, 'x');
  Result<RemoteFile> first = Get(Url("/1"), 200);
  Result<RemoteFile> second = Get(Url("/2"), 200);
  Result<RemoteFile> third = Get(Url("/3"), 200);
  ASSERT_TRUE(third.ok());
  const Status full = Get(Url("/4"), 200).status();
  EXPECT_EQ(full.code(), Code::kResourceExhausted);
  EXPECT_NE(full.text().find("cache_max"), std::string::npos) << full.text();
  const std::string oldest = first->path;
  const std::string kept = second->path;
  first = NotFound("done");
  third = NotFound("done");
  const Result<RemoteFile> fourth = Get(Url("/4"), 200);
  ASSERT_TRUE(fourth.ok()) << fourth.status().text();
  EXPECT_FALSE(Exists(oldest));
  EXPECT_TRUE(Exists(kept));
  EXPECT_LE(RemoteCache(Folder(), 1).Bytes(), 200);
  EXPECT_EQ(Get(Url("/5"), 59).status().code(), Code::kResourceExhausted);
}

TEST_F(RemoteTest, TwoWhoWantTheSameBringItOnce) {
  content_ = std::string(size_t{1} << 20, 'y');
  std::atomic<int> sent = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      DownloadHooks hooks;
      const Result<RemoteFile> file = RemoteCache(Folder(), int64_t{1} << 30).Get(Url(), hooks);
      ASSERT_TRUE(file.ok()) << file.status().text();
      sent += file->was_there ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sent, 1);
}

TEST_F(RemoteTest, ACancelIsHeard) {
  is_cancelled_ = true;
  EXPECT_EQ(Get(Url()).status().code(), Code::kCancelled);
}

TEST(RemoteUrlTest, AddressesAreTakenApart) {
  const Result<RemoteUrl> url = ParseRemoteUrl("HTTPS://Host:8443/a/b%20c.csv?x=1#part");
  ASSERT_TRUE(url.ok()) << url.status().text();
  EXPECT_TRUE(url->origin.is_tls);
  EXPECT_EQ(url->origin.port, 8443);
  EXPECT_EQ(url->target, "/a/b%20c.csv?x=1");
  EXPECT_EQ(url->name, "b c.csv");
  EXPECT_EQ(ParseRemoteUrl("http://h")->target, "/");
  EXPECT_EQ(ParseRemoteUrl("http://h/")->name, "data");
  EXPECT_EQ(ParseRemoteUrl("http://h/%2e%2e")->name, "data");
  EXPECT_EQ(ParseRemoteUrl("http://h/a%2fb")->name, "data");
  for (const char* bad : {"", "h/x", "ftp://h/x", "http://", "http:///x", "http://u:p@h/x",
                          "http://h/a b", "http://h/a\r\nX: y"}) {
    EXPECT_EQ(ParseRemoteUrl(bad).status().code(), Code::kInvalidArgument) << bad;
  }
}

TEST(RemoteUrlTest, WhatOpensSomethingIsHidden) {
  EXPECT_EQ(RedactedUrl("https://a.blob.core.windows.net/c/x?sv=2021&sig=abc%2B&sp=r"),
            "https://a.blob.core.windows.net/c/x?sv=2021&sig=***&sp=r");
  EXPECT_EQ(RedactedUrl("https://u:p@h/x?Access_Token=1"), "https://***@h/x?Access_Token=***");
  EXPECT_EQ(RedactedUrl("https://h/x?X-Amz-Signature=1&author=me"),
            "https://h/x?X-Amz-Signature=***&author=me");
  EXPECT_TRUE(HasCredentials("https://h/x?%73ig=abc"));
  EXPECT_FALSE(HasCredentials("https://h/x?keyword=a&page=2"));
}

TEST(RemoteUrlTest, RedirectionsMayBeRelativeAndStaySafe) {
  EXPECT_EQ(FollowUrl("https://h/a/b?x=1", "/c").value(), "https://h/c");
  EXPECT_EQ(FollowUrl("https://h/a/b", "c?y=2").value(), "https://h/a/c?y=2");
  EXPECT_EQ(FollowUrl("https://h/a", "//other/c").value(), "https://other/c");
  EXPECT_EQ(FollowUrl("http://h/a", "https://other/c").value(), "https://other/c");
  EXPECT_FALSE(FollowUrl("https://h/a", "http://h/c").ok());
}

}  // namespace
}  // namespace lazurite
