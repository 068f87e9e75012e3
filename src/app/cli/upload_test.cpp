// The client's side of uploads against the server's, over a real connection.
#include "app/cli/upload.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "api/arm/arm_routes.h"
#include "api/upload/upload_routes.h"
#include "base/blake3.h"
#include "base/hash.h"
#include "base/http/server.h"
#include "domain/schema/schema.h"
#include "domain/workspace/places.h"
#include "spec/upload/upload_format.h"

namespace lazurite::cli {
namespace {

namespace fs = std::filesystem;

// A server with ARM's and upload's routes, and a folder with files to send it.
class UploadTest : public testing::Test {
 protected:
  UploadTest() {
    char name[] = "/tmp/lazurite-upload-XXXXXX";
    root_ = mkdtemp(name);
    home_ = root_ + "/home";
    folder_ = root_ + "/work/data";
    fs::create_directories(folder_);
    fs::create_directories(home_);
    OpenStores();
    AddArmRoutes(router_, context_);
    AddUploadRoutes(router_, context_);
    server_ = std::make_unique<HttpServer>(loop_, HttpServerOptions(), [this](Request& request) {
      if (cut_after_ < 0 && std::exchange(starts_again_, false)) StartAgain();
      return Serve(router_, request, requests_, cut_after_);
    });
    port_ = *server_->ListenTcp("127.0.0.1", 0);
    thread_ = std::thread([this] { loop_.Run(); });
    client_ = std::make_unique<BlockingClient>(
        Origin{.is_tls = false, .host = "127.0.0.1", .port = port_, .unix_path = ""},
        BlockingClient::Options());
  }
  ~UploadTest() override {
    client_.reset();
    loop_.Stop();
    thread_.join();
    server_.reset();
    fs::remove_all(root_);
  }

  void OpenStores() {
    auto database = OpenSqlite({.path = DatabaseFile(home_)}, AllMigrations());
    LAZURITE_CHECK(database.ok());
    database_ = std::move(*database);
    auto blobs = BlobStore::Open(DatastoresFolder(home_));
    LAZURITE_CHECK(blobs.ok());
    blobs_ = std::move(*blobs);
    context_.loop = &loop_;
    context_.database = database_.get();
    context_.clock = &clock_;
    context_.ids = &ids_;
    context_.blobs = blobs_.get();
    context_.home = home_;
  }

  // What a server that was killed has after its next start.
  void StartAgain() {
    router_ = Router();
    auto blobs = BlobStore::Open(DatastoresFolder(home_));
    LAZURITE_CHECK(blobs.ok());
    old_blobs_.push_back(std::exchange(blobs_, std::move(*blobs)));
    context_.blobs = blobs_.get();
    AddArmRoutes(router_, context_);
    AddUploadRoutes(router_, context_);
  }

  // Passes requests on; the body of a PUT breaks off after `cut_after` bytes, once.
  class CutBody final : public BodyReader {
   public:
    CutBody(std::unique_ptr<BodyReader> inner, int64_t left)
        : inner_(std::move(inner)), left_(left) {}
    Task<Result<std::string>> ReadSome() override {
      if (left_ <= 0) co_return InvalidArgument("the sender has left");
      Result<std::string> piece = co_await inner_->ReadSome();
      if (!piece.ok()) co_return piece;
      if (static_cast<int64_t>(piece->size()) > left_) piece->resize(static_cast<size_t>(left_));
      left_ -= static_cast<int64_t>(piece->size());
      co_return piece;
    }

   private:
    std::unique_ptr<BodyReader> inner_;
    int64_t left_;
  };

  static Task<Response> Serve(Router& router, Request& request, std::vector<std::string>& requests,
                              int64_t& cut_after) {
    requests.push_back(request.method + " " + request.path);
    const Router::Match match = router.Find(request);
    if (match.handler == nullptr) co_return Response::Text(404, "no route");
    if (cut_after >= 0 && request.method == "PUT") {
      request.body = std::make_unique<CutBody>(std::move(request.body), cut_after);
      cut_after = -1;
      Response lost = co_await (*match.handler)(request);
      lost.status = 503;
      co_return lost;
    }
    Response response = co_await (*match.handler)(request);
    co_return response;
  }

  void Put(const std::string& path, const std::string& content) {
    const std::string file = folder_ + "/" + path;
    fs::create_directories(fs::path(file).parent_path());
    std::ofstream(file, std::ios::binary) << content;
  }

  UploadRequest Ask(UploadRequest::Purpose purpose = UploadRequest::Purpose::kData) const {
    UploadRequest request;
    request.purpose = purpose;
    request.path = folder_;
    request.cache_folder = root_ + "/cache";
    return request;
  }

  // Files are too young to be believed unchanged when they are uploaded right after they were
  // written.
  static void LetFilesAge() { std::this_thread::sleep_for(std::chrono::milliseconds(80)); }

  std::string Stored(const Uploaded& uploaded, const std::string& path = "") const {
    return DatastoresFolder(home_) + "/workspaceblobstore/LocalUpload/" + uploaded.hash + "/" +
           uploaded.name + (path.empty() ? "" : "/" + path);
  }

  std::string root_, home_, folder_;
  Loop loop_;
  SystemClock clock_;
  SeededIdSource ids_{1};
  std::unique_ptr<Database> database_;
  std::unique_ptr<BlobStore> blobs_;
  std::vector<std::unique_ptr<BlobStore>> old_blobs_;
  ApiContext context_;
  Router router_;
  std::vector<std::string> requests_;
  int64_t cut_after_ = -1;
  bool starts_again_ = false;  // before the request that follows the one that is cut
  std::unique_ptr<HttpServer> server_;
  int port_ = 0;
  std::thread thread_;
  std::unique_ptr<BlockingClient> client_;
};

TEST_F(UploadTest, FolderArrivesAsItIs) {
  Put("a.txt", "hello");
  Put("sub/empty", "");
  Put("sub/deep/b ä.bin", std::string(3'000'000, '\x07'));
  fs::permissions(folder_ + "/a.txt", fs::perms::owner_all);
  const Result<Uploaded> uploaded = UploadPath(*client_, Ask());
  ASSERT_TRUE(uploaded.ok()) << uploaded.status().text();
  EXPECT_EQ(uploaded->uri, "azureml://datastores/workspaceblobstore/paths/LocalUpload/" +
                               uploaded->hash + "/data");
  EXPECT_FALSE(uploaded->was_known);
  EXPECT_EQ(uploaded->files, 3);
  EXPECT_EQ(*ReadFile(Stored(*uploaded, "a.txt")), "hello");
  EXPECT_EQ(*FileSize(Stored(*uploaded, "sub/empty")), 0);
  EXPECT_EQ(*FileSize(Stored(*uploaded, "sub/deep/b ä.bin")), 3'000'000);
  struct stat info {};
  ASSERT_EQ(stat(Stored(*uploaded, "a.txt").c_str(), &info), 0);
  EXPECT_NE(info.st_mode & S_IXUSR, 0u);
}

TEST_F(UploadTest, UnchangedFolderCostsOneQuestion) {
  Put("a.txt", "hello");
  Put("b/c.txt", "world");
  LetFilesAge();
  const Result<Uploaded> first = UploadPath(*client_, Ask());
  ASSERT_TRUE(first.ok()) << first.status().text();
  requests_.clear();
  const Result<Uploaded> second = UploadPath(*client_, Ask());
  ASSERT_TRUE(second.ok()) << second.status().text();
  EXPECT_EQ(requests_.size(), 1u);
  EXPECT_EQ(second->bytes_sent, 0);
  EXPECT_TRUE(second->was_known);
  EXPECT_EQ(second->uri, first->uri);
}

TEST_F(UploadTest, OnlyChangedFilesTravel) {
  Put("big.bin", std::string(5'000'000, 'x'));
  Put("small.txt", "one");
  LetFilesAge();
  const Result<Uploaded> first = UploadPath(*client_, Ask());
  ASSERT_TRUE(first.ok()) << first.status().text();
  Put("small.txt", "two");
  const Result<Uploaded> second = UploadPath(*client_, Ask());
  ASSERT_TRUE(second.ok()) << second.status().text();
  EXPECT_LT(second->bytes_sent, 1000);
  EXPECT_NE(second->hash, first->hash);
  EXPECT_EQ(*ReadFile(Stored(*first, "small.txt")), "one");
  EXPECT_EQ(*ReadFile(Stored(*second, "small.txt")), "two");
  EXPECT_EQ(*FileSize(Stored(*second, "big.bin")), 5'000'000);
}

TEST_F(UploadTest, SameContentIsStoredOnceAndUnderEachName) {
  Put("a.txt", "hello");
  const Result<Uploaded> first = UploadPath(*client_, Ask());
  ASSERT_TRUE(first.ok()) << first.status().text();
  const std::string other = root_ + "/work/other";
  fs::copy(folder_, other);
  UploadRequest request = Ask();
  request.path = other;
  const Result<Uploaded> second = UploadPath(*client_, request);
  ASSERT_TRUE(second.ok()) << second.status().text();
  EXPECT_EQ(second->hash, first->hash);
  EXPECT_EQ(second->name, "other");
  EXPECT_EQ(*ReadFile(Stored(*second, "a.txt")), "hello");
}

TEST_F(UploadTest, SingleFileIsAddressedByItsContent) {
  Put("train.csv", "1,2\n");
  UploadRequest request = Ask();
  request.path = folder_ + "/train.csv";
  const Result<Uploaded> first = UploadPath(*client_, request);
  ASSERT_TRUE(first.ok()) << first.status().text();
  EXPECT_EQ(first->hash, Blake3Hex("1,2\n"));
  EXPECT_EQ(*ReadFile(Stored(*first)), "1,2\n");
  Put("test.csv", "1,2\n");
  request.path = folder_ + "/test.csv";
  const Result<Uploaded> second = UploadPath(*client_, request);
  ASSERT_TRUE(second.ok()) << second.status().text();
  EXPECT_EQ(*ReadFile(Stored(*second)), "1,2\n");
  EXPECT_EQ(*ReadFile(Stored(*first)), "1,2\n");
}

TEST_F(UploadTest, BrokenUploadGoesOnWhereItWas) {
  Put("a.bin", std::string(100'000, 'a'));
  Put("b.bin", RandomBytes(8'000'000));
  cut_after_ = 5'000'000;
  const Result<Uploaded> uploaded = UploadPath(*client_, Ask());
  ASSERT_TRUE(uploaded.ok()) << uploaded.status().text();
  EXPECT_EQ(std::count(requests_.begin(), requests_.end(), "POST /lazurite/v1/uploads"), 2);
  EXPECT_EQ(*Sha256File(Stored(*uploaded, "b.bin")), *Sha256File(folder_ + "/b.bin"));
  // Nothing was sent twice but what was on its way, and the piece that was begun.
  EXPECT_LT(uploaded->bytes_sent, 8'100'000 + 3'200'000 + (1 << 20));
}

TEST_F(UploadTest, BrokenUploadGoesOnAtAServerThatWasStartedAgain) {
  Put("a.bin", std::string(100'000, 'a'));
  Put("b.bin", RandomBytes(40'000'000));
  Put("c.bin", RandomBytes(1'000'000));
  cut_after_ = 30'000'000;
  starts_again_ = true;
  const Result<Uploaded> uploaded = UploadPath(*client_, Ask());
  ASSERT_TRUE(uploaded.ok()) << uploaded.status().text();
  EXPECT_EQ(old_blobs_.size(), 1u);
  for (const char* name : {"a.bin", "b.bin", "c.bin"}) {
    EXPECT_EQ(*Sha256File(Stored(*uploaded, name)), *Sha256File(folder_ + "/" + name)) << name;
  }
  EXPECT_EQ(requests_.back(), requests_[1]) << "the same session";
  EXPECT_LT(uploaded->bytes_sent, 41'200'000 + 20'000'000);
  EXPECT_TRUE(fs::is_empty(DatastoresFolder(home_) + "/.staging"));
}

TEST_F(UploadTest, TheSameFolderIsUploadedBySeveralAtOnce) {
  constexpr int kSenders = 3;
  for (int i = 0; i < 50; ++i) Put("s" + std::to_string(i), RandomBytes(1000));
  Put("big.bin", RandomBytes(20'000'000));
  std::vector<Result<Uploaded>> uploaded(kSenders, Internal("not done"));
  std::vector<std::thread> threads;
  for (int i = 0; i < kSenders; ++i) {
    threads.emplace_back([this, i, &uploaded] {
      BlockingClient client(
          Origin{.is_tls = false, .host = "127.0.0.1", .port = port_, .unix_path = ""},
          BlockingClient::Options());
      UploadRequest request = Ask();
      request.cache_folder += std::to_string(i);
      uploaded[static_cast<size_t>(i)] = UploadPath(client, request);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Result<Uploaded>& one : uploaded) {
    ASSERT_TRUE(one.ok()) << one.status().text();
    EXPECT_EQ(one->hash, uploaded[0]->hash);
  }
  for (const auto& file : fs::directory_iterator(folder_)) {
    const std::string name = file.path().filename();
    EXPECT_EQ(*Sha256File(Stored(*uploaded[0], name)), *Sha256File(file.path())) << name;
  }
  EXPECT_TRUE(fs::is_empty(DatastoresFolder(home_) + "/.staging"));
}

TEST_F(UploadTest, LinksOutOfADataFolderAreFollowedAndCounted) {
  Put("own.txt", "own");
  fs::create_directories(root_ + "/else/where");
  std::ofstream(root_ + "/else/where/x.txt") << "x";
  fs::create_symlink("own.txt", folder_ + "/alias");
  fs::create_symlink(root_ + "/else", folder_ + "/far");
  const Result<Uploaded> uploaded = UploadPath(*client_, Ask());
  ASSERT_TRUE(uploaded.ok()) << uploaded.status().text();
  EXPECT_EQ(uploaded->links_out, 1);
  EXPECT_EQ(uploaded->link_out, "far to " + root_ + "/else");
  EXPECT_EQ(*ReadFile(Stored(*uploaded, "far/where/x.txt")), "x");
  EXPECT_EQ(*ReadFile(Stored(*uploaded, "alias")), "own");
}

TEST_F(UploadTest, CodeLeavesOutWhatIsIgnored) {
  Put(".gitignore", "*.log\n!keep.log\nbuild/\n/top.txt\ndocs/**/*.pdf\n");
  Put("train.py", "print()");
  Put("x.log", "");
  Put("keep.log", "");
  Put("build/out", "");
  Put("sub/build/out", "");
  Put("top.txt", "");
  Put("sub/top.txt", "");
  Put("docs/a/b/x.pdf", "");
  Put("docs/a/x.txt", "");
  Put(".git/config", "");
  Put("sub/__pycache__/x.pyc", "");
  const auto files = ListUpload(Ask(UploadRequest::Purpose::kCode));
  ASSERT_TRUE(files.ok()) << files.status().text();
  EXPECT_EQ(*files, (std::vector<std::string>{".gitignore", "docs/a/x.txt", "keep.log",
                                              "sub/top.txt", "train.py"}));
  Put(".amlignore", "train.py\n");
  const auto others = ListUpload(Ask(UploadRequest::Purpose::kCode));
  ASSERT_TRUE(others.ok());
  EXPECT_EQ(std::count(others->begin(), others->end(), "x.log"), 1);
  EXPECT_EQ(std::count(others->begin(), others->end(), "train.py"), 0);
}

TEST_F(UploadTest, LinksOutOfACodeFolderAreRefusedByName) {
  Put("train.py", "print()");
  Put("lib/util.py", "");
  fs::create_symlink("lib", folder_ + "/alias");
  auto files = ListUpload(Ask(UploadRequest::Purpose::kCode));
  ASSERT_TRUE(files.ok()) << files.status().text();
  EXPECT_EQ(*files, (std::vector<std::string>{"alias/util.py", "lib/util.py", "train.py"}));
  fs::create_symlink("/etc", folder_ + "/sneaky");
  files = ListUpload(Ask(UploadRequest::Purpose::kCode));
  EXPECT_EQ(files.status().code(), Code::kInvalidArgument);
  EXPECT_NE(files.status().text().find("sneaky"), std::string::npos) << files.status().text();
}

TEST_F(UploadTest, LoopsOfLinksAndPipesAreRefused) {
  Put("a/b.txt", "");
  fs::create_symlink("..", folder_ + "/a/up");
  EXPECT_EQ(ListUpload(Ask()).status().code(), Code::kInvalidArgument);
  fs::remove(folder_ + "/a/up");
  ASSERT_EQ(mkfifo((folder_ + "/pipe").c_str(), 0600), 0);
  const Status status = ListUpload(Ask()).status();
  EXPECT_NE(status.text().find("pipe"), std::string::npos) << status.text();
}

TEST_F(UploadTest, CodeBecomesAnAssetOnce) {
  Put("train.py", "print()");
  LetFilesAge();
  const std::string workspace = WorkspaceId({});
  const auto code = UploadCode(*client_, Ask(UploadRequest::Purpose::kCode), workspace);
  ASSERT_TRUE(code.ok()) << code.status().text();
  EXPECT_EQ(code->id, workspace + "/codes/" + upload::CodeName(code->content.hash) + "/versions/1");
  requests_.clear();
  const auto again = UploadCode(*client_, Ask(UploadRequest::Purpose::kCode), workspace);
  ASSERT_TRUE(again.ok()) << again.status().text();
  EXPECT_EQ(again->id, code->id);
  EXPECT_EQ(requests_.size(), 2u);
}

TEST_F(UploadTest, NothingIsVisibleBeforeItIsComplete) {
  Put("a.bin", std::string(1'000'000, 'a'));
  ClientRequest begin;
  begin.method = "POST";
  begin.target = "/lazurite/v1/uploads";
  begin.body =
      R"({"name":"x","is_folder":true,"files":[{"path":"a","bytes":3},{"path":"b","bytes":1}]})";
  const Result<ClientResponse> begun = client_->Call(begin);
  ASSERT_TRUE(begun.ok() && begun->status == 200) << begun->body;
  const Result<Json> session = Json::Parse(begun->body);
  ClientRequest send;
  send.method = "PUT";
  send.target = "/lazurite/v1/uploads/sessions/" + session->GetString("session");
  const auto head = upload::RecordHeader{0, 0, 3}.Encode();
  send.body = std::string(head.data(), head.size()) + "abc";
  const Result<ClientResponse> sent = client_->Call(send);
  ASSERT_TRUE(sent.ok());
  EXPECT_EQ(sent->status, 202) << sent->body;
  EXPECT_EQ(sent->body, R"({"missing":[[1,1,0]],"bytes":1})");
  EXPECT_FALSE(fs::exists(DatastoresFolder(home_) + "/workspaceblobstore/LocalUpload"));
}

TEST_F(UploadTest, BadRequestsAreTheClientsFault) {
  const std::pair<const char*, int> kBodies[] = {
      {R"({"name":"x","is_folder":true,"files":[{"path":"../a","bytes":1}]})", 400},
      {R"({"name":"x","is_folder":true,"files":[{"path":"/a","bytes":1}]})", 400},
      {R"({"name":"../x","is_folder":true,"files":[{"path":"a","bytes":1}]})", 400},
      {R"({"name":"x","is_folder":true,"files":[]})", 400},
      {R"({"name":"x","is_folder":true,"files":[{"path":"a","bytes":-1}]})", 400},
      {R"({"name":"x","is_folder":true,"files":[{"path":"a","bytes":17592186044415}]})", 413},
      {R"({"name":"x","is_folder":false,"files":[{"path":"y","bytes":1}]})", 400},
      {R"([1])", 400},
      {R"({)", 400}};
  for (const auto& [body, status] : kBodies) {
    ClientRequest begin;
    begin.method = "POST";
    begin.target = "/lazurite/v1/uploads";
    begin.body = body;
    const Result<ClientResponse> answer = client_->Call(begin);
    ASSERT_TRUE(answer.ok());
    EXPECT_EQ(answer->status, status) << body << answer->body;
  }
}

}  // namespace
}  // namespace lazurite::cli
