/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first octet chooses: one message, or the stream of a client with three requests under way. The
 * attributes of a message that is taken cover it to the last octet; what is refused has a code for the
 * Error that answers it.
 */
#include <stdlib.h>

#include "bfcp/client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Walks everything; returns how many octets the attributes cover. */
static size_t walk(struct ms_span attributes, unsigned depth)
{
	struct ms_span rest = attributes;
	struct ms_bfcp_attribute a;

	while (ms_bfcp_next(&rest, &a)) {
		if (depth > 3 && a.inner.len > 0)
			continue;
		(void)walk(a.inner, depth + 1);
		if (a.octets.len > 253)
			abort();
	}
	return attributes.len - rest.len;
}

static void one_message(struct ms_span in)
{
	struct ms_bfcp_message m;
	struct ms_bfcp_header h;
	struct ms_fault f = { 0 };
	uint8_t unknown[300];

	if (ms_bfcp_parse(in, &m, &f) < 0) {
		if (!f.reason || f.code == 0)
			abort();
		/* Who answers needs the header, whatever is wrong behind it. */
		if (ms_bfcp_parse_header(in, &h) < 0 && in.len >= MS_BFCP_HEADER)
			abort();
		if (f.code == MS_BFCP_UNKNOWN_MANDATORY_ATTRIBUTE &&
		    ms_bfcp_unknown(in, unknown, sizeof(unknown)) == 0)
			abort();
		(void)walk(ms_span_from(in, MS_BFCP_HEADER), 0);
		return;
	}
	if (walk(m.attributes, 0) != m.attributes.len ||
	    !ms_bfcp_primitive_name(m.header.primitive))
		abort();
}

static void handler(void *arg, const struct ms_bfcp_event *e)
{
	unsigned *n = arg;

	(*n)++;
	if (e->kind == MS_BFCP_EVENT_REQUEST && !ms_bfcp_status_name(e->status))
		abort();
	if (e->message)
		(void)walk(e->message->attributes, 0);
}

static void stream(struct ms_span in)
{
	static const uint16_t floors[] = { 1, 2 };
	const struct ms_bfcp_ask ask = { floors, 2, 0, MS_SPAN_NULL, 2 };
	unsigned n = 0;
	const struct ms_bfcp_client_config config = { .conference = 1,
						      .user = 1,
						      .requests_max = 3,
						      .message_max = 1024,
						      .handler = handler,
						      .arg = &n };
	struct ms_bfcp_client *c;
	uint16_t id;
	size_t count;

	if (ms_bfcp_client_new(&config, &c) < 0 || ms_bfcp_client_hello(c, 0, &id) < 0 ||
	    ms_bfcp_client_request(c, &ask, 0, &id) < 0 ||
	    ms_bfcp_client_query_floors(c, floors, 2, 0, &id) < 0)
		abort();
	while (in.len > 0) {
		struct ms_span part = ms_span_sub(in, 0, 7);

		if (ms_bfcp_client_input(c, part, NULL) < 0)
			break;
		in = ms_span_from(in, part.len);
	}
	(void)ms_bfcp_client_requests(c, &count);
	if (count > config.requests_max)
		abort();
	ms_bfcp_client_expire(c, MS_NEVER);
	ms_bfcp_client_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] & 1)
		stream(ms_span_of(data + 1, size - 1));
	else
		one_message(ms_span_of(data + 1, size - 1));
	return 0;
}
