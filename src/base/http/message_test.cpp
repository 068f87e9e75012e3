#include "base/http/message.h"

#include <sys/stat.h>

#include "base/http/router.h"
#include "base/http/target.h"
#include "base/http/test_server.h"

namespace lazurite {
namespace {

Request Ask(const std::string& method, const std::string& target) {
  Request request;
  request.method = method;
  request.target = target;
  EXPECT_TRUE(ReadTarget(request).ok()) << target;
  return request;
}

TEST(HeadersTest, CompareWithoutRegardToCase) {
  Headers headers;
  headers.Add("Content-Type", "a");
  headers.Add("content-type", "b");
  EXPECT_EQ(headers.Get("CONTENT-TYPE"), "a");
  headers.Set("Content-type", "c");
  EXPECT_EQ(headers.fields().size(), 1U);
  EXPECT_TRUE(headers.Has("content-type"));
  EXPECT_FALSE(headers.Has("Content"));
}

TEST(TargetTest, IsDecodedOnce) {
  const Request request = Ask("GET", "/a%20b/%2541?x=1&y=a+b%26&x=2&z&=q");
  EXPECT_EQ(request.path, "/a b/%41");
  EXPECT_EQ(request.Query("x"), "2");
  EXPECT_EQ(request.Query("y"), "a b&");
  EXPECT_TRUE(request.query.contains("z"));
  EXPECT_EQ(request.Query("none"), "");
}

TEST(TargetTest, MayHaveAnOrigin) {
  EXPECT_EQ(Ask("GET", "http://host:1/a?b=c").path, "/a");
  EXPECT_EQ(Ask("GET", "http://host:1").path, "/");
  EXPECT_EQ(Ask("GET", "/http://x").path, "/http://x");
}

TEST(RequestTest, KnowsItsBaseUrl) {
  Request request;
  request.headers.Add("host", "example:8451");
  EXPECT_EQ(request.BaseUrl(), "http://example:8451");
  request.is_tls = true;
  EXPECT_EQ(request.BaseUrl(), "https://example:8451");
}

// Finds a route and calls it by its number.
class RouterTest : public testing::Test {
 protected:
  void Add(const std::string& method, const std::string& pattern) {
    router_.Add(method, pattern, [](Request&) -> Task<Response> { co_return Response(); });
  }
  // "pattern a=1 b=2", or "methods: GET,PUT".
  std::string Find(const std::string& method, const std::string& target) {
    Request request = Ask(method, target);
    const Router::Match match = router_.Find(request);
    std::string found = match.handler == nullptr ? "methods:" : match.pattern;
    for (const std::string& allowed : match.methods) found += " " + allowed;
    for (const auto& [name, value] : request.params) found += " " + name + "=" + value;
    return found;
  }
  Router router_;
};

TEST_F(RouterTest, LiteralsMatchInAnyCaseAndWinOverParameters) {
  Add("GET", "/Jobs/{job}");
  Add("GET", "/jobs/latest");
  EXPECT_EQ(Find("GET", "/JOBS/LATEST"), "/jobs/latest");
  EXPECT_EQ(Find("GET", "/jobs/Latest2/"), "/Jobs/{job} job=Latest2");
}

TEST_F(RouterTest, ComesBackFromADeadEnd) {
  Add("GET", "/a/{x}/c");
  Add("GET", "/a/b/d");
  Add("PUT", "/a/b/c");
  Add("GET", "/{rest...}");
  EXPECT_EQ(Find("GET", "/a/b/c"), "/a/{x}/c x=b");
  EXPECT_EQ(Find("GET", "/a/b/e"), "/{rest...} rest=a/b/e");
  EXPECT_EQ(Find("PUT", "/a/b/c"), "/a/b/c");
}

TEST_F(RouterTest, ParametersAreDecodedOnceAndKeepTheirSlashes) {
  Add("GET", "/models/{name}/versions/{version}");
  EXPECT_EQ(Find("GET", "/models/a%2Fb%2520c/versions/1"),
            "/models/{name}/versions/{version} name=a/b%20c version=1");
}

TEST_F(RouterTest, TheRestMayBeEmptyOrLong) {
  Add("GET", "/files/{path...}");
  EXPECT_EQ(Find("GET", "/files"), "/files/{path...} path=");
  EXPECT_EQ(Find("GET", "/files/"), "/files/{path...} path=");
  EXPECT_EQ(Find("GET", "/files/a%20b/c%2Fd//e/"), "/files/{path...} path=a b/c/d//e");
}

TEST_F(RouterTest, OneNameMayDifferByMethod) {
  Add("GET", "/x/{a}");
  Add("PUT", "/x/{b}");
  EXPECT_EQ(Find("PUT", "/x/1"), "/x/{b} b=1");
}

TEST_F(RouterTest, SaysWhichMethodsAPathAllows) {
  Add("GET", "/x");
  Add("PUT", "/x");
  EXPECT_EQ(Find("DELETE", "/x"), "methods: GET PUT");
  EXPECT_EQ(Find("DELETE", "/y"), "methods:");
  EXPECT_EQ(Find("HEAD", "/x"), "/x");
}

class ServeFileTest : public testing::Test {
 protected:
  ServeFileTest() : path_(folder_.path() + "/file") {
    EXPECT_TRUE(WriteFile(path_, "0123456789").ok());
  }
  Response Get(const std::string& field = "", const std::string& value = "",
               const std::string& method = "GET") {
    Request request = Ask(method, "/");
    if (!field.empty()) request.headers.Add(field, value);
    return ServeFile(request, path_, "text/x-test");
  }
  // "200 0+10" or "416 bytes */10".
  std::string Range(const std::string& value) {
    const Response response = Get("Range", value);
    std::string text = std::to_string(response.status);
    if (const auto* range = std::get_if<FileRange>(&response.body)) {
      text += " " + std::to_string(range->offset) + "+" + std::to_string(range->length);
    }
    const std::string_view of = response.headers.Get("Content-Range");
    return of.empty() ? text : text + " " + std::string(of);
  }
  TempDir folder_;
  std::string path_;
};

TEST_F(ServeFileTest, GivesTheWholeFileWithItsFields) {
  const Response response = Get();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.Get("Content-Type"), "text/x-test");
  EXPECT_EQ(response.headers.Get("Accept-Ranges"), "bytes");
  EXPECT_NE(response.headers.Get("ETag"), "");
  EXPECT_NE(response.headers.Get("Last-Modified"), "");
}

TEST_F(ServeFileTest, GivesRanges) {
  EXPECT_EQ(Range("bytes=0-3"), "206 0+4 bytes 0-3/10");
  EXPECT_EQ(Range("bytes=4-"), "206 4+6 bytes 4-9/10");
  EXPECT_EQ(Range("bytes=-3"), "206 7+3 bytes 7-9/10");
  EXPECT_EQ(Range("bytes=-30"), "206 0+10 bytes 0-9/10");
  EXPECT_EQ(Range("bytes=8-100"), "206 8+2 bytes 8-9/10");
}

TEST_F(ServeFileTest, RefusesRangesBehindTheEndAndIgnoresNonsense) {
  EXPECT_EQ(Range("bytes=10-"), "416 bytes */10");
  EXPECT_EQ(Range("bytes=-0"), "416 bytes */10");
  for (const char* const text : {"bytes=5-2", "bytes=", "bytes=-", "bytes=a-b", "lines=1-2",
                                 "bytes=0-1,3-4", "bytes=--1", "bytes=1"}) {
    EXPECT_EQ(Range(text), "200 0+10") << text;
  }
  EXPECT_EQ(Get("Range", "bytes=0-3", "HEAD").status, 200);
}

TEST_F(ServeFileTest, DoesNotSendWhatTheClientHas) {
  const std::string tag(Get().headers.Get("ETag"));
  const std::string modified(Get().headers.Get("Last-Modified"));
  EXPECT_EQ(Get("If-None-Match", tag).status, 304);
  EXPECT_EQ(Get("If-None-Match", "\"x\", W/" + tag).status, 304);
  EXPECT_EQ(Get("If-None-Match", "*").status, 304);
  EXPECT_EQ(Get("If-None-Match", "\"x\"").status, 200);
  EXPECT_EQ(Get("If-Modified-Since", modified).status, 304);
  EXPECT_EQ(Get("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT").status, 200);
  EXPECT_EQ(Get("If-Modified-Since", "yesterday").status, 200);
}

TEST_F(ServeFileTest, GivesAPartOnlyOfTheFileThatIsMeant) {
  Request request = Ask("GET", "/");
  request.headers.Add("Range", "bytes=0-3");
  request.headers.Add("If-Range", "\"another\"");
  EXPECT_EQ(ServeFile(request, path_, "x").status, 200);
  request.headers.Set("If-Range", std::string(Get().headers.Get("ETag")));
  EXPECT_EQ(ServeFile(request, path_, "x").status, 206);
}

TEST_F(ServeFileTest, AFolderOrNothingIs404) {
  EXPECT_EQ(ServeFile(Ask("GET", "/"), folder_.path(), "x").status, 404);
  EXPECT_EQ(ServeFile(Ask("GET", "/"), path_ + "2", "x").status, 404);
}

}  // namespace
}  // namespace lazurite
