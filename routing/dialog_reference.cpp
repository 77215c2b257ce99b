#include "routing/dialog_reference.hpp"

namespace sipsteer {

Result<std::optional<DialogReference>> dialog_reference(const MessageView& request) noexcept {
    using Header = DialogReference::Header;
    if (!request.to_tag().empty()) return std::nullopt;
    const Method method = request.method();
    const bool invite = method == Method::invite;
    const HeaderField* const replaces = invite ? request.find(HeaderId::replaces) : nullptr;
    const HeaderField* const join = invite ? request.find(HeaderId::join) : nullptr;
    const bool may_target = invite || method == Method::refer || method == Method::subscribe;
    const HeaderField* const target = may_target ? request.find(HeaderId::target_dialog) : nullptr;

    const HeaderField* const field = replaces != nullptr ? replaces : join != nullptr ? join : target;
    if (field == nullptr) return std::nullopt;
    if ((replaces != nullptr && join != nullptr) || request.next(*field) != nullptr) {
        return Failure(ParseError::bad_replaces);
    }
    DialogReference reference;
    reference.header = field == replaces ? Header::replaces
                       : field == join   ? Header::join
                                         : Header::target_dialog;
    const auto dialog = reference.header == Header::target_dialog
                            ? Replaces::parse_target_dialog(field->value)
                            : Replaces::parse(field->value);
    if (!dialog) return Failure(dialog.error());
    reference.dialog = *dialog;
    return reference;
}

}  // namespace sipsteer
