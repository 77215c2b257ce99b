#include "proxy/http_router.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/pct_string_view.hpp>
#include <boost/url/url_view.hpp>
#include <exception>
#include <optional>

namespace sipsteer {
namespace {

/// As Boost.URL counts: "/" has no segment, "/a/" has "a" and an empty one.
std::vector<std::string> split(std::string_view path) {
    std::vector<std::string> segments;
    if (path == "/") return segments;
    while (!path.empty()) {
        path.remove_prefix(1);  // the slash
        segments.emplace_back(path.substr(0, path.find('/')));
        path.remove_prefix(segments.back().size());
    }
    return segments;
}

std::optional<std::vector<std::string>> match(const std::vector<std::string>& pattern,
                                              const std::vector<std::string>& path) {
    if (pattern.size() != path.size()) return std::nullopt;
    std::vector<std::string> parameters;
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (pattern[i] == "{}") {
            parameters.push_back(path[i]);
        } else if (pattern[i] != path[i]) {
            return std::nullopt;
        }
    }
    return parameters;
}

}  // namespace

HttpResponse http_error(unsigned status, std::string_view message) {
    const boost::json::object body{{"error", boost::json::string_view(message)}};
    return {status, boost::json::serialize(body) + "\n"};
}

std::optional<std::string> HttpRequest::query_value(std::string_view name) const {
    // By hand: the parameters of Boost.URL 1.81 read behind the end of a view that no NUL follows.
    for (std::string_view rest = query; !rest.empty();) {
        const std::string_view pair = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
        if (pair.substr(0, pair.find('=')) != name) continue;
        const std::string_view value = pair.substr(std::min(name.size() + 1, pair.size()));
        const auto decoded = boost::urls::make_pct_string_view({value.data(), value.size()});
        if (!decoded) return std::nullopt;
        return decoded->decode();
    }
    return std::nullopt;
}

void HttpRouter::get(std::string_view pattern, Route route) {
    entries_.push_back({false, split(pattern), std::move(route)});
}

void HttpRouter::post(std::string_view pattern, Route route) {
    entries_.push_back({true, split(pattern), std::move(route)});
}

HttpResponse HttpRouter::answer(std::string_view method, std::string_view target,
                                std::string_view body) const {
    const auto url = boost::urls::parse_origin_form(target);
    if (!url) return http_error(400, "bad target");
    std::vector<std::string> path;
    // Split first, then decode: a %2F inside a segment is part of it, as in a Call-ID.
    for (const auto segment : url->encoded_segments()) path.push_back(segment.decode());
    std::string allowed;
    for (const auto& entry : entries_) {
        auto parameters = match(entry.segments, path);
        if (!parameters) continue;
        if (entry.post ? method != "POST" : method != "GET" && method != "HEAD") {
            allowed += std::string(allowed.empty() ? "" : ", ") + (entry.post ? "POST" : "GET, HEAD");
            continue;
        }
        const std::string_view query(url->encoded_query().data(), url->encoded_query().size());
        try {
            return entry.route({std::move(*parameters), query, body});
        } catch (const std::exception&) {
            return http_error(500, "internal error");
        }
    }
    if (allowed.empty()) return http_error(404, "not found");
    auto response = http_error(405, "method not allowed");
    response.headers.emplace_back("Allow", allowed);
    return response;
}

}  // namespace sipsteer
