/* SPDX-License-Identifier: Apache-2.0 */
/* The node and its sessions: beginning, end, what operators ask. */
#include "anchor/anchor.h"

#include <errno.h>

#include "anchor/anchor-priv.h"
#include "core/alloc.h"

#define SESSIONS 100000
#define FORKS 8

const char *const ms_anchor_counters[] = {
	"anchor_e2ae_msrp",
	"anchor_e2ae_bfcp",
	"anchor_e2ae_originating",
	"anchor_e2ae_terminating",
	"anchor_untouched",
	"anchor_e2ae_not_offered",
	"anchor_msrp_cema",
	"anchor_msrp_sessmatch",
	"anchor_msrp_b2bua",
	"anchor_bfcp",
	"anchor_tls_passed",
	"anchor_tls_without_cema",
	"anchor_merge",
	"anchor_fork_switched",
	"anchor_moved",
	/* refusals */
	"anchor_sdp",
	"anchor_lines",
	"anchor_no_cema",
	"anchor_address",
	"anchor_path",
	"anchor_bad_fingerprint",
	"anchor_weak_fingerprint",
	"anchor_no_fingerprint",
	"anchor_setup",
	"anchor_answer",
	"anchor_fork_offer",
	"anchor_forks",
	"anchor_no_gateway",
	"anchor_overload",
	"anchor_gateway_refused",
	"anchor_gateway_lost",
	"anchor_internal",
	/* bearers */
	"anchor_tcp_failed",
	"anchor_tls_failed",
	"anchor_bearer_released",
	NULL,
};

void ms_anchor_count(const struct ms_anchor *a, const char *counter)
{
	if (a->h.count)
		a->h.count(a->h.arg, counter);
}

int ms_anchor_new(const struct ms_anchor_policy *p, struct ms_mgc *mgc,
		  const struct ms_anchor_handlers *h, struct ms_anchor **ret_a)
{
	struct ms_anchor *a = ms_zalloc(sizeof(*a));

	if (!a)
		return -ENOMEM;
	a->mgc = mgc;
	a->h = *h;
	a->p.max_sessions = p->max_sessions ? p->max_sessions : SESSIONS;
	ms_anchor_set_policy(a, p);
	ms_list_init(&a->sessions);
	*ret_a = a;
	return 0;
}

void ms_anchor_set_policy(struct ms_anchor *a, const struct ms_anchor_policy *p)
{
	size_t max_sessions = a->p.max_sessions;

	a->p = *p;
	a->p.max_sessions = max_sessions;
	if (!a->p.fingerprints)
		a->p.fingerprints = 1u << MS_BEARER_SHA256;
	if (!a->p.max_forks)
		a->p.max_forks = FORKS;
}

struct ms_anchor *ms_anchor_free(struct ms_anchor *a)
{
	return ms_free(a);
}

int ms_anchor_session_new(struct ms_anchor *a, const struct ms_anchor_context *c,
			  struct ms_anchor_session **ret_s)
{
	struct ms_anchor_session *s;

	if (a->n_sessions >= a->p.max_sessions)
		return -ENOSPC;
	s = ms_zalloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->anchor = a;
	s->c = *c;
	ms_list_init(&s->forks);
	ms_list_append(&a->sessions, &s->link);
	a->n_sessions++;
	*ret_s = s;
	return 0;
}

void *ms_anchor_session_user(const struct ms_anchor_session *s)
{
	return s->c.user;
}

struct ms_anchor_line *ms_anchor_line_new(struct ms_anchor_session *s)
{
	struct ms_anchor_line *l = ms_zalloc(sizeof(*l));
	uint32_t used = 0;

	for (size_t i = 0; i < MS_ANCHOR_MEDIA_MAX; i++)
		if (s->line[i])
			used |= 1u << s->line[i]->k;
	for (size_t i = 0; i < s->n_plan; i++) {
		if (s->plan[i].line)
			used |= 1u << s->plan[i].line->k;
		if (s->plan[i].stale)
			used |= 1u << s->plan[i].stale->k;
	}
	for (unsigned k = 0; l && k < MS_ANCHOR_LINES_MAX; k++) {
		if (used & 1u << k)
			continue;
		l->k = k;
		return l;
	}
	return ms_free(l);
}

/* Forgets the pending offer with everything that was made for it alone. */
void ms_anchor_plan_clear(struct ms_anchor_session *s)
{
	for (size_t i = 0; i < s->n_plan; i++) {
		if (s->plan[i].fresh)
			ms_free(s->plan[i].line);
	}
	s->plan = ms_free(s->plan);
	s->n_plan = 0;
	s->offer = ms_free(s->offer);
	s->answer = ms_free(s->answer);
	s->answered = false;
}

struct ms_anchor_session *ms_anchor_release(struct ms_anchor_session *s, ms_usec now)
{
	if (!s)
		return NULL;
	ms_mgc_context_release(s->context, now);
	/* lines that an offer was to replace stand in both lists until its answer */
	for (size_t i = 0; i < MS_ANCHOR_MEDIA_MAX; i++)
		ms_free(s->line[i]);
	ms_anchor_plan_clear(s);
	ms_anchor_fork_end(s);
	ms_list_remove(&s->link);
	s->anchor->n_sessions--;
	return ms_free(s);
}

/* ---- ends of steps ---- */

void ms_anchor_finish(struct ms_anchor_session *s, enum ms_anchor_step step,
		      const struct ms_anchor_result *r)
{
	ms_anchor_done *done = s->done;

	s->step = step;
	s->done = NULL;
	if (done)
		done(s->arg, s, r);
}

void ms_anchor_refuse(struct ms_anchor_session *s, enum ms_anchor_step step, int status,
		      const char *reason, uint16_t h248)
{
	struct ms_anchor_result r = { .status = status, .reason = reason, .h248 = h248 };

	ms_anchor_count(s->anchor, reason);
	ms_anchor_finish(s, step, &r);
}

/* No contexts, terminations, resources; busy: another time it may do. */
static bool is_passing(uint16_t h248)
{
	return h248 == 412 || h248 == 432 || h248 == 510 || h248 == 511;
}

void ms_anchor_failure(int err, uint16_t h248, int *ret_status, const char **ret_reason)
{
	switch (err) {
	case -EHOSTUNREACH:
	case -ETIMEDOUT:
		*ret_status = 503;
		*ret_reason = "anchor_no_gateway";
		break;
	case -EBUSY:
	case -ENOSPC:
		*ret_status = 503;
		*ret_reason = "anchor_overload";
		break;
	case -EREMOTEIO:
	case -EBADMSG:
	case -EOPNOTSUPP:
		*ret_status = is_passing(h248) ? 503 : 488;
		*ret_reason = "anchor_gateway_refused";
		break;
	default:
		*ret_status = 500;
		*ret_reason = "anchor_internal";
		break;
	}
}

/* ---- what operators ask ---- */

bool ms_anchor_line_info(const struct ms_anchor_session *s, size_t i,
			 struct ms_anchor_line_info *ret)
{
	static const char *const modes[] = {
		[MS_ANCHOR_MODE_NONE] = "-",      [MS_ANCHOR_MODE_TLS] = "tls",
		[MS_ANCHOR_MODE_CEMA] = "cema",   [MS_ANCHOR_MODE_SESSMATCH] = "sessmatch",
		[MS_ANCHOR_MODE_B2BUA] = "b2bua", [MS_ANCHOR_MODE_BFCP] = "bfcp",
	};
	static const char *const media[] = { "other", "msrp", "bfcp" };
	const struct ms_anchor_line *l;

	if (i >= s->n_media)
		return false;
	l = s->line[i];
	*ret = (struct ms_anchor_line_info){ .mode = "-", .medium = "other" };
	ret->termination[0] = ret->termination[1] = "";
	if (!l)
		return true;
	ret->treatment = l->treatment;
	ret->mode = modes[l->mode];
	ret->medium = media[l->medium];
	ret->up = l->up;
	for (unsigned side = 0; s->context && side < 2; side++)
		ret->termination[side] =
			ms_mgc_context_termination(s->context, MS_ANCHOR_SLOT(l, side));
	return true;
}

const struct ms_mgc_context *ms_anchor_session_context(const struct ms_anchor_session *s)
{
	return s->context;
}

const char *ms_anchor_session_dialog(const struct ms_anchor_session *s)
{
	return s->winner;
}
