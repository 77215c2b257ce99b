#include "routing/reply.hpp"

#include "routing/branch.hpp"
#include "routing/splices.hpp"
#include "routing/via_edit.hpp"

namespace sipsteer {
namespace {

/// Appends to a fixed buffer; remembers when something did not fit.
class Writer {
  public:
    explicit Writer(std::span<char> out) noexcept : out_(out) {}

    Writer& add(std::string_view text) noexcept {
        if (text.size() > out_.size() - used_) {
            failed_ = true;
        } else if (!text.empty()) {
            std::memcpy(out_.data() + used_, text.data(), text.size());
            used_ += text.size();
        }
        return *this;
    }
    Writer& add_changed(const Splices& splices, std::string_view source) noexcept {
        const auto written = splices.write(source, out_.subspan(used_));
        failed_ = failed_ || !written;
        used_ += written.value_or(0);
        return *this;
    }
    [[nodiscard]] std::optional<std::size_t> size() const noexcept {
        return failed_ ? std::nullopt : std::optional{used_};
    }

  private:
    std::span<char> out_;
    std::size_t used_ = 0;
    bool failed_ = false;
};

void add_vias(const MessageView& request, const Source& source, Splices& splices, Writer& writer) noexcept {
    const HeaderField* field = request.find(HeaderId::via);
    note_source(request.top_via(), source.endpoint, splices);
    writer.add("Via: ").add_changed(splices, field->value).add("\r\n");
    while ((field = request.next(*field)) != nullptr) writer.add("Via: ").add(field->value).add("\r\n");
}

void add_copy(const MessageView& request, HeaderId id, std::string_view name, Writer& writer) noexcept {
    if (const HeaderField* field = request.find(id)) writer.add(name).add(field->value).add("\r\n");
}

void add_to(const MessageView& request, const KeyedHash& sign, Writer& writer) noexcept {
    const HeaderField* field = request.find(HeaderId::to);
    if (field == nullptr) return;
    writer.add("To: ").add(field->value);
    if (request.to_tag().empty()) {
        const ReplyTag tag = make_reply_tag(sign, request);
        writer.add(";tag=").add({tag.data(), tag.size()});
    }
    writer.add("\r\n");
}

/// What was copied from a broken request may hold a CR, LF or NUL that ends no line: nothing smuggled
/// in may end one in the answer.
void blank_stray_controls(std::span<char> text) noexcept {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') {
            ++i;
        } else if (text[i] == '\r' || text[i] == '\n' || text[i] == '\0') {
            text[i] = ' ';
        }
    }
}

}  // namespace

std::optional<std::size_t> write_reply(const MessageView& request, const Source& source, const Reply& reply,
                                       const KeyedHash& sign, std::span<char> out) noexcept {
    Splices splices;
    Writer writer{out};
    writer.add("SIP/2.0 ").add(splices.text().add_number(reply.status).add(" ").view());
    writer.add(reply.reason_phrase).add("\r\n");
    add_vias(request, source, splices, writer);
    add_copy(request, HeaderId::from, "From: ", writer);
    add_to(request, sign, writer);
    add_copy(request, HeaderId::call_id, "Call-ID: ", writer);
    add_copy(request, HeaderId::cseq, "CSeq: ", writer);
    if (reply.unsupported) {
        // We support no extension, so all tags of Proxy-Require are listed (RFC 3261 §16.3 step 5).
        for (const HeaderField* field = request.find(HeaderId::proxy_require); field != nullptr;
             field = request.next(*field)) {
            writer.add("Unsupported: ").add(field->value).add("\r\n");
        }
    }
    if (reply.retry_after != 0) {
        writer.add("Retry-After: ").add(splices.text().add_number(reply.retry_after).view()).add("\r\n");
    }
    writer.add("Content-Length: 0\r\n\r\n");
    const auto size = writer.size();
    if (size) blank_stray_controls(out.first(*size));
    return size;
}

}  // namespace sipsteer
