#include "app/serve/welcome.h"

namespace lazurite::serve {
namespace {

constexpr std::string_view kPage = R"html(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Lazurite</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 40em; margin: 4em auto; padding: 0 1em }
code { background: #8882; padding: 0.1em 0.3em; border-radius: 3px }
:root { color-scheme: light dark }
</style>
<h1>Lazurite @VERSION@</h1>
<p>A server runs here. Its pages for browsers are not part of this build; everything is at hand in a
terminal:</p>
<ul>
<li><code>lazurite ps</code> lists jobs, <code>lazurite job show NAME</code> tells all about one
<li><code>lazurite logs NAME</code> follows its log, <code>lazurite download NAME</code> fetches
its files
<li><code>lazurite submit job.yml</code> starts one, <code>lazurite --help</code> knows the rest
<li><code>eval "$(lazurite env)"</code> sets MLflow's and Azure's variables to this server
</ul>
<p><a href="/healthz">/healthz</a> says whether the server is well.</p>
</html>
)html";

}  // namespace

void AddWelcome(Router& router, const std::string& version) {
  std::string page(kPage);
  const std::string_view mark = "@VERSION@";
  page.replace(page.find(mark), mark.size(), version);
  const Handler show = [page](Request&) -> Task<Response> {
    return [](Response answer) -> Task<Response> {
      // Nothing of another site, no script, no frame around it.
      answer.headers.Set("Content-Security-Policy",
                         "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
      co_return answer;
    }(Response::Text(200, page, "text/html; charset=utf-8"));
  };
  router.Get("/", show);
  router.Get("/studio/{rest...}", show);
}

}  // namespace lazurite::serve
