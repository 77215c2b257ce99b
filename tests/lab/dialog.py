"""A dialog of a test phone: who the two ends are, and the way between them (RFC 3261 §12)."""

import random

from .sip import NameAddr, Uri, new_call_id, new_tag, response_to


class Dialog:
    """Tags, target, route set and CSeq of `phone`'s end. Read-only for tests: call_id, local_tag, remote_tag, remote_contact.
    Made for a request to `remote_uri`, or from the request that asks for it."""

    def __init__(self, phone, remote_uri=None, request=None):
        self.phone = phone
        self.local_tag, self.remote_tag = new_tag(), None
        self.remote_contact, self.route_set = None, []
        self.local_cseq, self.remote_cseq = random.randrange(1, 2000), None
        if request is None:
            self.call_id, self.remote_uri, self.local_uri = new_call_id(phone.host), remote_uri, phone.aor
            return
        self.call_id, self.remote_tag = request.call_id, request.tag("From")
        self.remote_uri, self.local_uri = NameAddr(request.get("From")).uri, NameAddr(request.get("To")).uri
        self.remote_cseq = request.cseq[0]
        self.route_set = request.all("Record-Route")
        self.update_target(request)

    @property
    def sender(self):
        """Our From."""
        return f"<{self.local_uri}>;tag={self.local_tag}"

    def learn(self, response):
        """Remote tag, target and route set of a dialog that we started (§12.1.2)."""
        self.remote_tag = response.tag("To")
        self.route_set = list(reversed(response.all("Record-Route")))
        self.update_target(response)

    def update_target(self, message):
        contacts = message.all("Contact")
        if contacts:
            self.remote_contact = NameAddr(contacts[0]).uri

    def new_request(self, method, cseq=None):
        """A request along the route set to the remote target (§12.2.1.1); strict routers included."""
        if cseq is None:
            self.local_cseq += 1
            cseq = self.local_cseq
        target, routes = self.remote_contact or self.remote_uri, list(self.route_set)
        if routes and not Uri(NameAddr(routes[0]).uri).loose:
            routes.append(f"<{target}>")
            target = NameAddr(routes.pop(0)).uri
        receiver = f"<{self.remote_uri}>" + (f";tag={self.remote_tag}" if self.remote_tag else "")
        message = self.phone.new_request(method, target, self.sender, receiver, self.call_id, cseq, routes)
        if message.get("Contact"):
            message.set("Contact", self.phone.contact(self))
        return message

    def next_hop(self):
        return self.phone.next_hop(self.remote_contact or self.remote_uri, self.route_set)

    def new_response(self, request, status):
        response = response_to(request, status, to_tag=self.local_tag)
        response.add("Contact", self.phone.contact(self))
        return response

    async def exchange(self, make):
        """Sends the request that `make(credentials)` makes, and once more if that is challenged; returns the last request
        and its final response."""
        message = make(None)
        response = await self.phone.endpoint.request(message, self.next_hop()).final_response()
        credentials = self.phone.credentials(response, message.method, message.uri)
        if credentials:
            message = make(credentials)
            response = await self.phone.endpoint.request(message, self.next_hop()).final_response()
        return message, response
