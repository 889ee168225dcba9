/* SPDX-License-Identifier: Apache-2.0 */
/* TPKT: version 3, a reserved octet, the length of the whole frame. */
#include "gcp/tpkt.h"

#include <errno.h>

#define VERSION 3u

void ms_gcp_tpkt_init(struct ms_gcp_tpkt *t, size_t max)
{
	t->told = false;
	t->max = max < MS_GCP_TPKT_MAX ? max : MS_GCP_TPKT_MAX;
	ms_buf_init(&t->part, t->max + MS_GCP_TPKT_HEADER);
}

void ms_gcp_tpkt_done(struct ms_gcp_tpkt *t)
{
	ms_buf_done(&t->part);
}

void ms_gcp_tpkt_header(size_t len, uint8_t ret_header[static MS_GCP_TPKT_HEADER])
{
	size_t frame = len + MS_GCP_TPKT_HEADER;

	ret_header[0] = VERSION;
	ret_header[1] = 0; /* reserved; what others put there is not looked at */
	ret_header[2] = (uint8_t)(frame >> 8);
	ret_header[3] = (uint8_t)frame;
}

/* The length of the frame that begins at p, 0 if its header is not whole. */
static int frame_length(const struct ms_gcp_tpkt *t, struct ms_span p, size_t *ret_len)
{
	size_t len;

	*ret_len = 0;
	if (p.len > 0 && p.p[0] != VERSION)
		return -EBADMSG;
	if (p.len < MS_GCP_TPKT_HEADER)
		return 0;
	len = (size_t)p.p[2] << 8 | p.p[3];
	if (len < MS_GCP_TPKT_HEADER)
		return -EBADMSG;
	if (len - MS_GCP_TPKT_HEADER > t->max)
		return -EMSGSIZE;
	*ret_len = len;
	return 0;
}

/* Moves up to `want` octets of the stream to the frame that is being collected. */
static int collect(struct ms_gcp_tpkt *t, struct ms_span *octets, size_t want)
{
	size_t n = want - t->part.len < octets->len ? want - t->part.len : octets->len;

	ms_buf_put(&t->part, octets->p, n);
	*octets = ms_span_of(octets->p + n, octets->len - n);
	return ms_buf_status(&t->part);
}

/* The rest of a frame whose beginning came before. */
static int next_collected(struct ms_gcp_tpkt *t, struct ms_span *octets,
			  struct ms_span *ret_message)
{
	size_t len;
	int err = 0;

	if (t->part.len < MS_GCP_TPKT_HEADER)
		err = collect(t, octets, MS_GCP_TPKT_HEADER);
	if (!err)
		err = frame_length(t, ms_buf_span(&t->part), &len);
	if (err || len == 0)
		return err;
	err = collect(t, octets, len);
	if (err || t->part.len < len)
		return err;
	*ret_message = ms_span_of(t->part.p + MS_GCP_TPKT_HEADER, len - MS_GCP_TPKT_HEADER);
	t->told = true;
	return 1;
}

int ms_gcp_tpkt_next(struct ms_gcp_tpkt *t, struct ms_span *octets, struct ms_span *ret_message)
{
	size_t len;
	int err;

	if (t->told)
		ms_buf_reset(&t->part);
	t->told = false;
	if (t->part.len > 0)
		return next_collected(t, octets, ret_message);
	err = frame_length(t, *octets, &len);
	if (err)
		return err;
	if (len == 0 || len > octets->len)
		return octets->len > 0 ? collect(t, octets, octets->len) : 0;
	*ret_message = ms_span_of(octets->p + MS_GCP_TPKT_HEADER, len - MS_GCP_TPKT_HEADER);
	*octets = ms_span_of(octets->p + len, octets->len - len);
	return 1;
}
