#include "proxy/http_router.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace sipsteer {
namespace {

HttpRouter sample_router() {
    HttpRouter router;
    router.get("/", [](const HttpRequest&) { return HttpResponse{200, "page", "text/html"}; });
    router.get("/live", [](const HttpRequest& request) {
        return HttpResponse{200, std::string(request.query)};
    });
    router.get("/api/v1/owners/{}", [](const HttpRequest& request) {
        return HttpResponse{200, request.parameters.at(0)};
    });
    router.get("/both", [](const HttpRequest&) { return HttpResponse{200, "got"}; });
    router.post("/both", [](const HttpRequest& request) {
        return HttpResponse{200, std::string(request.body)};
    });
    router.post("/query", [](const HttpRequest& request) {
        return HttpResponse{200, request.query_value("from").value_or("none")};
    });
    router.get("/throws", [](const HttpRequest&) -> HttpResponse { throw std::runtime_error("x"); });
    return router;
}

TEST(HttpRouter, Paths) {
    const auto router = sample_router();
    EXPECT_EQ(router.answer("GET", "/").body, "page");
    EXPECT_EQ(router.answer("GET", "/live").status, 200U);
    EXPECT_EQ(router.answer("HEAD", "/live").status, 200U);
    EXPECT_EQ(router.answer("GET", "/live?a=b%20c").body, "a=b%20c");
    for (const auto* target : {"/live/", "/nothing", "//", "/api/v1/owners", "/api/v1/owners/a/b", "/Live"}) {
        const auto response = router.answer("GET", target);
        EXPECT_EQ(response.status, 404U) << target;
        EXPECT_EQ(response.body, "{\"error\":\"not found\"}\n") << target;
        EXPECT_EQ(response.content_type, "application/json");
    }
}

TEST(HttpRouter, SegmentsAreDecodedAfterTheSplit) {
    const auto router = sample_router();
    EXPECT_EQ(router.answer("GET", "/api/v1/owners/a%2Fb%40c%25").body, "a/b@c%");
    EXPECT_EQ(router.answer("GET", "/api/v1/owners/a@b:c").body, "a@b:c");
    EXPECT_EQ(router.answer("GET", "/api/v1/owners/%00x").body, std::string("\0x", 2));
    EXPECT_EQ(router.answer("GET", "/%6Cive").status, 200U);
}

TEST(HttpRouter, BadTargets) {
    const auto router = sample_router();
    for (const auto* target : {"", "live", "/%", "/%2", "/%zz", "/a b", "/a|b", "*", "http://x/live"}) {
        EXPECT_EQ(router.answer("GET", target).status, 400U) << target;
    }
}

TEST(HttpRouter, OtherMethods) {
    const auto response = sample_router().answer("POST", "/live");
    EXPECT_EQ(response.status, 405U);
    EXPECT_EQ(response.body, "{\"error\":\"method not allowed\"}\n");
    ASSERT_EQ(response.headers.size(), 1U);
    EXPECT_EQ(response.headers[0], (std::pair<std::string, std::string>("Allow", "GET, HEAD")));
    EXPECT_EQ(sample_router().answer("POST", "/nothing").status, 404U);
    EXPECT_EQ(sample_router().answer("get", "/live").status, 405U);
}

TEST(HttpRouter, Post) {
    const auto router = sample_router();
    EXPECT_EQ(router.answer("POST", "/both", "body").body, "body");
    EXPECT_EQ(router.answer("GET", "/both").body, "got");
    const auto response = router.answer("PUT", "/both");
    EXPECT_EQ(response.status, 405U);
    ASSERT_EQ(response.headers.size(), 1U);
    EXPECT_EQ(response.headers[0].second, "GET, HEAD, POST");
    EXPECT_EQ(router.answer("GET", "/query").headers.at(0).second, "POST");
}

TEST(HttpRouter, QueryValues) {
    const auto router = sample_router();
    EXPECT_EQ(router.answer("POST", "/query?x=1&from=udp%3A1.2.3.4:5060").body, "udp:1.2.3.4:5060");
    EXPECT_EQ(router.answer("POST", "/query?from=").body, "");
    EXPECT_EQ(router.answer("POST", "/query?fro=1").body, "none");
    EXPECT_EQ(router.answer("POST", "/query").body, "none");
    EXPECT_EQ(router.answer("POST", "/query?from=%2").status, 400U);
    EXPECT_EQ(router.answer("POST", "/query?from").body, "");
    EXPECT_EQ(router.answer("POST", std::string_view("/query?from=zz more", 14)).body, "zz");
}

TEST(HttpRouter, ARouteThatThrows) { EXPECT_EQ(sample_router().answer("GET", "/throws").status, 500U); }

}  // namespace
}  // namespace sipsteer
