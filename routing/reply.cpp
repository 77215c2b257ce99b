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
        if (written) used_ += written->size;
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

/// What an answer may leave out, in this order, so as not to be longer than its request: Content-Length (UDP
/// tells the end, RFC 3261 §20.14), the long names of headers (§7.3.3), the words behind the status and what
/// the client wrote into its Via itself.
enum class Form : std::uint8_t { full, without_length, compact, bare };
constexpr std::array kForms{Form::full, Form::without_length, Form::compact, Form::bare};

struct Names {
    std::string_view via = "Via: ";
    std::string_view from = "From: ";
    std::string_view to = "To: ";
    std::string_view call_id = "Call-ID: ";
    std::string_view cseq = "CSeq: ";
};
constexpr Names kCompactNames{"v:", "f:", "t:", "i:", "CSeq:"};

bool names_its_source(const ViaView& via, const Endpoint& source) noexcept {
    const auto host = parse_ip(via.host);
    return host && *host == source.address && via.port == source.port;
}

void add_vias(const MessageView& request, const Source& source, std::string_view name, Form form,
              Splices& splices, Writer& writer) noexcept {
    const HeaderField* field = request.find(HeaderId::via);
    if (form != Form::bare || !names_its_source(request.top_via(), source.endpoint)) {
        note_source(request.top_via(), source.endpoint, splices);
    }
    writer.add(name).add_changed(splices, field->value).add("\r\n");
    while ((field = request.next(*field)) != nullptr) writer.add(name).add(field->value).add("\r\n");
}

void add_copy(const MessageView& request, HeaderId id, std::string_view name, Writer& writer) noexcept {
    if (const HeaderField* field = request.find(id)) writer.add(name).add(field->value).add("\r\n");
}

void add_to(const MessageView& request, std::string_view name, const KeyedHash& sign,
            Writer& writer) noexcept {
    const HeaderField* field = request.find(HeaderId::to);
    if (field == nullptr) return;
    writer.add(name).add(field->value);
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

std::optional<std::size_t> write_in_form(const MessageView& request, const Source& source, const Reply& reply,
                                         const KeyedHash& sign, Form form, std::span<char> out) noexcept {
    const Names names = form >= Form::compact ? kCompactNames : Names{};
    Splices& splices = Splices::fresh();
    Writer writer{out};
    writer.add("SIP/2.0 ").add(splices.text().add_number(reply.status).add(" ").view());
    if (form != Form::bare) writer.add(reply.reason_phrase);
    writer.add("\r\n");
    add_vias(request, source, names.via, form, splices, writer);
    add_copy(request, HeaderId::from, names.from, writer);
    add_to(request, names.to, sign, writer);
    add_copy(request, HeaderId::call_id, names.call_id, writer);
    add_copy(request, HeaderId::cseq, names.cseq, writer);
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
    writer.add(form == Form::full ? "Content-Length: 0\r\n\r\n" : "\r\n");
    return writer.size();
}

}  // namespace

std::optional<std::size_t> write_reply(const MessageView& request, const Source& source, const Reply& reply,
                                       const KeyedHash& sign, std::span<char> out) noexcept {
    const bool forgeable = !source.is_server() && source.endpoint.transport == Transport::udp;
    const std::size_t longest = forgeable ? request.bytes().size() : out.size();
    for (const Form form : kForms) {
        const auto size = write_in_form(request, source, reply, sign, form, out);
        if (!size) return std::nullopt;
        if (*size > longest) continue;
        blank_stray_controls(out.first(*size));
        return size;
    }
    return std::nullopt;
}

}  // namespace sipsteer
