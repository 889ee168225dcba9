/* SPDX-License-Identifier: Apache-2.0 */
/* What an answer says of each m-line, held against the plan of its offer; and the answer that goes on. */
#include <errno.h>

#include "anchor/anchor-priv.h"

static bool transport_fits(const struct ms_anchor_line *l, const struct ms_sdp_media *m,
			   enum ms_anchor_side side)
{
	bool tls = ms_sdp_proto_is_tls(m->kind);
	bool msrp = m->kind == MS_SDP_TCP_MSRP || m->kind == MS_SDP_TCP_TLS_MSRP;
	bool bfcp = m->kind == MS_SDP_TCP_BFCP || m->kind == MS_SDP_TCP_TLS_BFCP;

	if (l->treatment == MS_ANCHOR_E2AE ? tls != (side == MS_ANCHOR_ACCESS)
					   : tls != (l->mode == MS_ANCHOR_MODE_TLS))
		return false;
	return l->medium == MS_ANCHOR_MSRP ? msrp : bfcp;
}

static int judge(const struct ms_anchor_session *s, const struct ms_sdp *sdp, size_t i,
		 struct ms_anchor_verdict *v, const char **ret_reason)
{
	const struct ms_anchor_plan *p = &s->plan[i];
	const struct ms_sdp_media *m = &sdp->media[i];
	enum ms_anchor_side side = ms_anchor_other(s->from);
	int err;

	if (!p->line || p->rejected || m->port == 0)
		return 0;
	*ret_reason = "anchor_answer";
	if (!transport_fits(p->line, m, side))
		return -EPROTO;
	err = ms_anchor_party_read(s->anchor, sdp, m, p->line->mode,
				   p->line->treatment == MS_ANCHOR_E2AE && side == MS_ANCHOR_ACCESS,
				   &v->party, ret_reason);
	if (err)
		return err;
	*ret_reason = "anchor_setup";
	v->accepted = true;
	return ms_anchor_roles(s, p, m->setup, &v->roles);
}

static int judge_all(const struct ms_anchor_session *s, const struct ms_sdp *sdp,
		     struct ms_anchor_verdict *verdicts, const char **ret_reason)
{
	int err = 0;

	*ret_reason = "anchor_answer";
	if (sdp->n_media != s->n_plan)
		return -EPROTO; /* RFC 3264 section 6 */
	for (size_t i = 0; !err && i < s->n_plan; i++)
		err = judge(s, sdp, i, &verdicts[i], ret_reason);
	return err;
}

int ms_anchor_verdicts_read(const struct ms_anchor_session *s, struct ms_sdp *sdp,
			    struct ms_anchor_verdict *verdicts, const char **ret_reason)
{
	int err = ms_sdp_parse(ms_span_of(s->answer, s->answer_len), NULL, NULL, sdp);

	*ret_reason = "anchor_sdp";
	if (err)
		return err == -ENOMEM ? err : -EPROTO;
	return judge_all(s, sdp, verdicts, ret_reason);
}

int ms_anchor_verdicts_rewrite(const struct ms_anchor_session *s, const struct ms_sdp *sdp,
			       const struct ms_anchor_verdict *verdicts, struct ms_buf *out)
{
	struct ms_anchor_edit edits[MS_ANCHOR_MEDIA_MAX] = { { .line = NULL } };

	for (size_t i = 0; i < s->n_plan; i++) {
		edits[i].line = s->plan[i].line;
		edits[i].setup = verdicts[i].roles.back;
	}
	return ms_anchor_rewrite(sdp, edits, s->from, out);
}
