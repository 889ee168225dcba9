/* SPDX-License-Identifier: Apache-2.0 */
/* MIKEY in SDP: RFC 4567. */
#include "mikey/keymgmt.h"

#include <errno.h>

#include "core/base64.h"

/* A token of SDP (RFC 4566 section 9): what a protocol identifier may consist of. */
static bool is_token(struct ms_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f || memchr("\"(),/:;<=>?@[\\]", s.p[i], 15))
			return false;
	}
	return s.len > 0;
}

int ms_mikey_keymgmt_decode(struct ms_span value, struct ms_span *ret_protocol, struct ms_buf *data)
{
	struct ms_span protocol;
	int err;

	if (ms_span_starts(value, MS_SPAN_LIT(" ")))
		value = ms_span_from(value, 1);
	protocol = ms_span_cut(&value, ' ');
	if (!is_token(protocol) || value.len == 0)
		return -EINVAL;
	err = ms_base64_decode(data, value, false);
	if (err == 0)
		*ret_protocol = protocol;
	return err;
}

int ms_mikey_keymgmt_line(struct ms_span line, struct ms_span *ret_protocol, struct ms_buf *data)
{
	struct ms_span head = MS_SPAN_LIT("a=key-mgmt:");

	if (!ms_span_starts(line, head))
		return -EINVAL;
	return ms_mikey_keymgmt_decode(ms_span_from(line, head.len), ret_protocol, data);
}

void ms_mikey_keymgmt_encode(struct ms_buf *b, struct ms_span message)
{
	ms_buf_put_str(b, "mikey ");
	ms_base64_encode(b, message);
}

void ms_mikey_sdp_ids(struct ms_buf *b, const struct ms_span *protocols, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			ms_buf_put_u8(b, ';');
		ms_buf_put_span(b, protocols[i]);
	}
}

unsigned ms_mikey_cs_number(unsigned *next, bool srtp)
{
	unsigned first = *next;
	unsigned n = srtp ? 2 : 1;

	if (first == 0 || first + n - 1 > 255)
		return 0;
	*next = first + n;
	return first;
}

bool ms_mikey_proto_is_srtp(struct ms_span proto)
{
	static const char *const names[] = {
		"RTP/SAVP",          "RTP/SAVPF",    "UDP/TLS/RTP/SAVP",
		"UDP/TLS/RTP/SAVPF", "TCP/RTP/SAVP", "TCP/RTP/SAVPF",
	};

	for (size_t i = 0; i < MS_ARRAY_SIZE(names); i++) {
		if (ms_span_is(proto, names[i]))
			return true;
	}
	return false;
}
