// A server that says hello, for load generators: http_bench [PORT] [THREADS] [CERTIFICATE KEY].
//   wrk -t1 -c64 -d5 http://127.0.0.1:18451/hello
#include <cstdio>
#include <thread>

#include "base/http/router.h"
#include "base/http/server.h"
#include "base/net/tls.h"
#include "base/text.h"

namespace lazurite {
namespace {

struct Arguments {
  int port = 18451;
  int threads = 1;
  std::string certificate, key;
};

Task<Response> Hello(Request&) { co_return Response::Text(200, "hello, world"); }

Task<Response> Echo(Request& request) {
  const Result<std::string> body = co_await request.ReadAll(size_t{1} << 20);
  if (!body.ok()) co_return Response::Text(400, body.status().text());
  co_return Response::Text(200, body.value());
}

// Reads a body of any size away.
Task<Response> Swallow(Request& request) {
  int64_t bytes = 0;
  while (true) {
    const Result<std::string> piece = co_await request.body->ReadSome();
    if (!piece.ok()) co_return Response::Text(400, piece.status().text());
    if (piece.value().empty()) break;
    bytes += static_cast<int64_t>(piece.value().size());
  }
  co_return Response::Text(200, std::to_string(bytes));
}

Task<Response> File(Request& request) {
  co_return ServeFile(request, std::string(request.Query("path")), "application/octet-stream");
}

Status Serve(const Arguments& arguments) {
  Router router;
  router.Get("/hello", Hello);
  router.Get("/file", File);
  router.Post("/echo", Echo);
  router.Put("/swallow", Swallow);
  HttpServerOptions options;
  if (!arguments.certificate.empty()) {
    ASSIGN_OR_RETURN(options.tls, TlsContext::Server(arguments.certificate, arguments.key));
  }
  Loop loop;
  HttpServer server(loop, options, [&router](Request& request) -> Task<Response> {
    const Router::Match match = router.Find(request);
    if (match.handler == nullptr)
      return [](Request&) -> Task<Response> {
        co_return Response::Text(404, "nothing here");
      }(request);
    return (*match.handler)(request);
  });
  ASSIGN_OR_RETURN(const int port, server.ListenTcp("127.0.0.1", arguments.port));
  std::printf("listening on 127.0.0.1:%d\n", port);
  std::fflush(stdout);
  loop.OnTermination([&](int) {
    Detach([](HttpServer& stopping, Loop& on) -> Task<void> {
      co_await stopping.Stop();
      on.Stop();
    }(server, loop));
  });
  std::vector<std::thread> threads;
  for (int i = 1; i < arguments.threads; ++i) threads.emplace_back([&loop] { loop.Run(); });
  loop.Run();
  for (std::thread& thread : threads) thread.join();
  return {};
}

}  // namespace
}  // namespace lazurite

int main(int count, char** values) {
  lazurite::Arguments arguments;
  if (count > 1) {
    arguments.port = static_cast<int>(lazurite::ParseInt(values[1]).value_or(arguments.port));
  }
  if (count > 2) arguments.threads = static_cast<int>(lazurite::ParseInt(values[2]).value_or(1));
  if (count > 4) {
    arguments.certificate = values[3];
    arguments.key = values[4];
  }
  const lazurite::Status status = lazurite::Serve(arguments);
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", status.text().c_str());
  return 1;
}
