/* SPDX-License-Identifier: Apache-2.0 */
/* a=key-mgmt and the numbering of crypto sessions: RFC 4567. */
#include "sdp/keymgmt.h"

#include <errno.h>

#include "sdp/sdp-priv.h"

/* key-mgmt-attribute = "key-mgmt:" prtcl-id SP keymgmt-data (RFC 4567 section 3.1) */
bool ms_sdp_keymgmt_at(const struct ms_sdp_section *s, size_t i, struct ms_span *ret_protocol,
		       struct ms_span *ret_data)
{
	struct ms_span v;

	if (!ms_sdp_attr_at(s, "key-mgmt", i, &v))
		return false;
	v = ms_span_trim(v);
	*ret_protocol = ms_span_cut(&v, ' ');
	*ret_data = ms_span_trim(v);
	return true;
}

/* Which section governs the line; NULL if none has the attribute. */
static const struct ms_sdp_section *governing(const struct ms_sdp *sdp, size_t media,
					      enum ms_sdp_level *ret_level)
{
	if (media < sdp->n_media && ms_sdp_has(&sdp->media[media].section, "key-mgmt")) {
		*ret_level = MS_SDP_LEVEL_MEDIA;
		return &sdp->media[media].section;
	}
	if ((media == SIZE_MAX || media < sdp->n_media) && ms_sdp_has(&sdp->session, "key-mgmt")) {
		*ret_level = MS_SDP_LEVEL_SESSION;
		return &sdp->session;
	}
	*ret_level = MS_SDP_LEVEL_NONE;
	return NULL;
}

enum ms_sdp_level ms_sdp_keymgmt_find(const struct ms_sdp *sdp, size_t media, const char *protocol,
				      struct ms_span *ret_data)
{
	enum ms_sdp_level level;
	const struct ms_sdp_section *s = governing(sdp, media, &level);
	struct ms_span id, data;

	for (size_t i = 0; s && ms_sdp_keymgmt_at(s, i, &id, &data); i++) {
		if (!ms_span_is_nocase(id, protocol))
			continue;
		*ret_data = data;
		return level;
	}
	return MS_SDP_LEVEL_NONE;
}

enum ms_sdp_level ms_sdp_keymgmt_ids(const struct ms_sdp *sdp, size_t media, struct ms_buf *ids)
{
	enum ms_sdp_level level;
	const struct ms_sdp_section *s = governing(sdp, media, &level);
	struct ms_span id, data;

	for (size_t i = 0; s && ms_sdp_keymgmt_at(s, i, &id, &data); i++) {
		if (i > 0)
			ms_buf_put_u8(ids, ';');
		ms_buf_put_span(ids, id);
	}
	return level;
}

static unsigned sessions_of(enum ms_sdp_proto p)
{
	if (p == MS_SDP_SRTP)
		return 2;                      /* one a direction: RFC 4567 section 7.1 */
	return ms_sdp_proto_is_tls(p) ? 1 : 0; /* one: TS 33.328 H.1 */
}

/* Does the message at `media` (SIZE_MAX: session level) cover line i? */
static bool covers(const struct ms_sdp *sdp, size_t media, size_t i)
{
	if (media != SIZE_MAX)
		return i == media;
	return !ms_sdp_has(&sdp->media[i].section, "key-mgmt");
}

int ms_sdp_crypto_sessions(const struct ms_sdp *sdp, size_t media,
			   struct ms_sdp_crypto_session *list, size_t max, size_t *ret_n)
{
	unsigned next = 1;
	size_t n = 0;

	for (size_t i = 0; i < sdp->n_media; i++) {
		unsigned count = sessions_of(sdp->media[i].kind);

		if (count == 0 || !covers(sdp, media, i))
			continue;
		if (n == max)
			return -ENOSPC;
		if (next + count - 1 > UINT8_MAX)
			return -ERANGE;
		list[n++] = (struct ms_sdp_crypto_session){ i, sdp->media[i].kind, (uint8_t)next,
							    (uint8_t)count };
		next += count;
	}
	*ret_n = n;
	return 0;
}
