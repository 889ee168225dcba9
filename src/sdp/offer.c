/* SPDX-License-Identifier: Apache-2.0 */
/* Offers and answers: RFC 3264, RFC 4975 section 8. */
#include "sdp/offer.h"

#include <errno.h>
#include <inttypes.h>

#include "sdp/sdp-priv.h"

static void put_optional(struct ms_buf *b, const char *name, struct ms_span value)
{
	if (value.len > 0)
		ms_sdp_put_attr(b, name, value);
}

/* The attributes of an MSRP line, the same in offer and answer. */
static void put_msrp(struct ms_buf *b, const struct ms_sdp_line_spec *l, enum ms_sdp_setup setup,
		     bool cema, enum ms_sdp_direction direction)
{
	ms_sdp_put_attr(b, "accept-types",
			l->accept_types.len > 0 ? l->accept_types : MS_SPAN_LIT("*"));
	put_optional(b, "accept-wrapped-types", l->accept_wrapped_types);
	if (l->max_size != UINT64_MAX)
		ms_buf_printf(b, "a=max-size:%" PRIu64 "\r\n", l->max_size);
	ms_sdp_put_attr(b, "path", l->path);
	ms_sdp_put_setup(b, setup);
	if (cema)
		ms_sdp_put_attr(b, "msrp-cema", MS_SPAN_NULL);
	ms_sdp_put_direction(b, direction);
	if (l->key_mgmt.len > 0)
		ms_sdp_put_keymgmt(b, "mikey", l->key_mgmt);
	for (size_t i = 0; i < l->n_attrs; i++)
		ms_sdp_put_attr(b, l->attrs[i].name, l->attrs[i].value);
}

static uint16_t written_port(const struct ms_sdp_line_spec *l, enum ms_sdp_setup setup)
{
	return setup == MS_SDP_ACTIVE ? MS_SDP_DISCARD_PORT : l->port;
}

static bool is_usable(const struct ms_sdp_line_spec *l)
{
	return l->verbatim.len > 0 || (l->path.len > 0 && l->port > 0);
}

static int put_offered_line(struct ms_buf *b, const struct ms_sdp_line_spec *l)
{
	if (!is_usable(l))
		return -EINVAL;
	if (l->verbatim.len > 0) {
		ms_buf_put_span(b, l->verbatim);
		return 0;
	}
	/* Passive is not allowed in an offer, and setup must be there: RFC 6135 section 4.2. */
	if (l->setup != MS_SDP_ACTPASS && l->setup != MS_SDP_ACTIVE)
		return -EINVAL;
	ms_sdp_put_media(b, "message", written_port(l, l->setup),
			 l->tls ? "TCP/TLS/MSRP" : "TCP/MSRP", "*");
	put_msrp(b, l, l->setup, !l->no_cema, l->direction);
	return 0;
}

int ms_sdp_offer(struct ms_buf *b, const struct ms_sdp_session_info *info, struct ms_span key_mgmt,
		 const struct ms_sdp_line_spec *lines, size_t n)
{
	int err;

	ms_sdp_put_session(b, info);
	if (key_mgmt.len > 0)
		ms_sdp_put_keymgmt(b, "mikey", key_mgmt);
	for (size_t i = 0; i < n; i++) {
		err = put_offered_line(b, &lines[i]);
		if (err < 0)
			return err;
	}
	return ms_buf_status(b);
}

/* What both sides want, seen from the answerer: RFC 3264 section 6.1. */
static enum ms_sdp_direction common_direction(enum ms_sdp_direction offered,
					      enum ms_sdp_direction wanted)
{
	bool send = offered != MS_SDP_SENDONLY && offered != MS_SDP_INACTIVE &&
		    wanted != MS_SDP_RECVONLY && wanted != MS_SDP_INACTIVE;
	bool receive = offered != MS_SDP_RECVONLY && offered != MS_SDP_INACTIVE &&
		       wanted != MS_SDP_SENDONLY && wanted != MS_SDP_INACTIVE;

	if (send && receive)
		return MS_SDP_SENDRECV;
	if (send)
		return MS_SDP_SENDONLY;
	return receive ? MS_SDP_RECVONLY : MS_SDP_INACTIVE;
}

static int answer_msrp(struct ms_buf *b, const struct ms_sdp_media *offered,
		       const struct ms_sdp_line_spec *l, struct ms_fault *f)
{
	struct ms_sdp_msrp msrp;
	enum ms_sdp_cema cema;
	enum ms_sdp_setup setup;
	int err = ms_sdp_msrp_read(offered, f, &msrp);

	if (err < 0)
		return err == -EPROTOTYPE ? -EINVAL : err;
	cema = ms_sdp_cema_offer(offered, &msrp);
	if (cema == MS_SDP_CEMA_REJECT) {
		ms_sdp_put_media_like(b, offered, 0);
		return 0;
	}
	if (ms_sdp_setup_answer(offered->setup, l->setup, &setup) < 0)
		return ms_fault_set(f, -EPROTO, 488, "sdp_setup", offered->section.lines[0].offset);
	ms_sdp_put_media_like(b, offered, written_port(l, setup));
	put_msrp(b, l, setup, cema == MS_SDP_CEMA_USE,
		 common_direction(offered->direction, l->direction));
	return 0;
}

static int answer_line(struct ms_buf *b, const struct ms_sdp_media *offered,
		       const struct ms_sdp_answer_line *a, struct ms_fault *f)
{
	/* A line offered with port 0 stays so (RFC 3264 section 6). */
	if (!a || !a->accept || offered->port == 0) {
		ms_sdp_put_media_like(b, offered, 0);
		return 0;
	}
	if (!is_usable(&a->line))
		return -EINVAL;
	if (a->line.verbatim.len > 0) {
		ms_buf_put_span(b, a->line.verbatim);
		return 0;
	}
	return answer_msrp(b, offered, &a->line, f);
}

int ms_sdp_answer(struct ms_buf *b, const struct ms_sdp_session_info *info,
		  const struct ms_sdp *offer, struct ms_span key_mgmt,
		  const struct ms_sdp_answer_line *lines, size_t n, struct ms_fault *f)
{
	int err;

	ms_sdp_put_session(b, info);
	if (key_mgmt.len > 0)
		ms_sdp_put_keymgmt(b, "mikey", key_mgmt);
	for (size_t i = 0; i < offer->n_media; i++) {
		err = answer_line(b, &offer->media[i], i < n ? &lines[i] : NULL, f);
		if (err < 0)
			return err;
	}
	return ms_buf_status(b);
}

static int check_line(const struct ms_sdp_media *o, const struct ms_sdp_media *a, size_t i,
		      struct ms_fault *f)
{
	bool offerer_active;

	if (!ms_span_eq_nocase(o->media, a->media))
		return ms_fault_set(f, -EPROTO, 488, "sdp_answer_media", i);
	if (!ms_span_eq_nocase(o->proto, a->proto))
		return ms_fault_set(f, -EPROTO, 488, "sdp_answer_transport", i);
	if (o->port == 0 && a->port != 0)
		return ms_fault_set(f, -EPROTO, 488, "sdp_answer_media", i);
	if (a->port == 0 || (o->kind != MS_SDP_TCP_MSRP && o->kind != MS_SDP_TCP_TLS_MSRP))
		return 0;
	if (ms_sdp_setup_roles(o->setup, a->setup, &offerer_active) < 0)
		return ms_fault_set(f, -EPROTO, 488, "sdp_setup", i);
	return 0;
}

int ms_sdp_answer_check(const struct ms_sdp *offer, const struct ms_sdp *answer, struct ms_fault *f)
{
	int err;

	if (offer->n_media != answer->n_media)
		return ms_fault_set(f, -EPROTO, 488, "sdp_answer_lines", answer->n_media);
	for (size_t i = 0; i < offer->n_media; i++) {
		err = check_line(&offer->media[i], &answer->media[i], i, f);
		if (err < 0)
			return err;
	}
	return 0;
}
