/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recipients of a URI-list message: each once (RFC 5363 section 4.1, RFC 5364 section 4), and only
 * those who agreed to be written to (RFC 5363 section 5.2, RFC 5360).
 */
#include <errno.h>
#include <stdlib.h>

#include "core/alloc.h"
#include "list/uri-priv.h"

static struct ms_span domain_of(struct ms_span uri)
{
	return ms_span_from(uri, ms_span_find(uri, '@') + 1);
}

static bool has_agreed(const struct ms_lists_uri_work *w, struct ms_span uri)
{
	const struct ms_config_list *l = &ms_lists.config->uri_list.domains;
	const char *const *domain = l->items;
	struct ms_span its = domain_of(uri);

	/* tel URIs have none, which makes them no neighbours. */
	if (its.len > 0 && ms_span_eq_nocase(its, domain_of(ms_keys_identity_span(&w->sender.uri))))
		return true;
	for (size_t i = 0; i < l->n; i++)
		if (ms_span_is_nocase(its, domain[i]))
			return true;
	return false;
}

static bool is_service(struct ms_span uri)
{
	return ms_keys_identity_same(uri, ms_span_str(ms_lists.config->uri_list.service));
}

/* RFC 5360 section 5.1.2: who did not agree stands in Permission-Missing. */
static void refuse_consent(struct ms_lists_uri_work *w, struct ms_span uri)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct ms_sip_edit edit = { .name = "Permission-Missing" };
	const struct ms_sip_change change = { .edits = &edit, .n_edits = 1 };

	ms_buf_init(&b, 2 * MS_KEYS_IDENTITY_MAX);
	if (w->held.id) {
		ms_lists_uri_refuse(w, 470, "consent", "a recipient has not agreed");
		return;
	}
	ms_buf_put_span(&b, uri);
	edit.value = ms_buf_span(&b);
	ms_lists_count_refused("consent");
	if (w->x)
		ms_sip_exchange_reject(w->x, 470, "Consent Needed",
				       ms_buf_status(&b) ? NULL : &change);
	w->x = NULL;
	ms_lists_uri_free(w);
}

/* Sorted by URI so that the same ones stand beside each other; the order says nothing otherwise. */
static int by_uri(const void *a, const void *b)
{
	const struct ms_resource_entry *x = a, *y = b;

	return ms_span_cmp(x->uri, y->uri);
}

static void merge_same(struct ms_lists_uri_work *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++) {
		struct ms_resource_entry *e = &w->entry[i];

		if (n > 0 && ms_span_eq(w->entry[n - 1].uri, e->uri)) {
			struct ms_resource_entry *first = &w->entry[n - 1];

			first->copy = e->copy > first->copy ? e->copy : first->copy;
			first->anonymize = first->anonymize || e->anonymize;
			continue;
		}
		w->entry[n++] = *e;
	}
	w->n = n;
}

static int keep(struct ms_lists_uri_work *w, const struct ms_resource_lists *l)
{
	w->entry = ms_calloc(l->n, sizeof(*w->entry));
	w->identity = ms_calloc(l->n, sizeof(*w->identity));
	w->uri = ms_calloc(l->n, sizeof(*w->uri));
	if (!w->entry || !w->identity || !w->uri)
		return -ENOMEM;
	for (size_t i = 0; i < l->n; i++) {
		/* Parameters and headers of a URI go: RFC 5365 section 7.2 leaves them to us. */
		if (ms_keys_identity_parse(l->entry[i].uri, &w->identity[i]) < 0)
			return -EINVAL;
		w->entry[i] = l->entry[i];
		w->entry[i].uri = ms_keys_identity_span(&w->identity[i]);
		w->entry[i].display_name = MS_SPAN_NULL;
	}
	w->n = l->n;
	qsort(w->entry, w->n, sizeof(*w->entry), by_uri);
	merge_same(w);
	for (size_t i = 0; i < w->n; i++)
		w->uri[i] = w->entry[i].uri;
	return 0;
}

/* One that was held waits until it fits into its sender's rate. */
static bool take_held_rate(struct ms_lists_uri_work *w)
{
	if (!ms_lists_rate_fits(ms_lists.rate, w->n))
		ms_lists_uri_refuse(w, 403, "too_many_recipients",
				    "more recipients than one sender may have");
	else if (ms_lists_rate_take(ms_lists.rate, ms_keys_identity_span(&w->sender.uri), w->n,
				    ms_clock_mono()) > 0)
		ms_lists_uri_wait(w);
	else
		return true;
	return false;
}

static bool take_rate(struct ms_lists_uri_work *w)
{
	if (w->held.id)
		return take_held_rate(w);
	if (ms_lists_take_rate(w->x, &w->sender, w->n))
		return true;
	ms_lists_uri_free(w);
	return false;
}

/* The work is refused and freed if this is not 0. */
static int check(struct ms_lists_uri_work *w)
{
	for (size_t i = 0; i < w->n; i++) {
		if (is_service(w->uri[i])) {
			ms_lists_uri_refuse(w, 482, "loop", "the list has this service in it");
			return -ELOOP;
		}
		if (!has_agreed(w, w->uri[i])) {
			refuse_consent(w, w->uri[i]);
			return -EPERM;
		}
	}
	return take_rate(w) ? 0 : -EBUSY;
}

static int refuse(struct ms_lists_uri_work *w, int err, const struct ms_fault *f)
{
	if (err == -ENOMEM)
		ms_lists_uri_later(w, "memory", NULL);
	else if (err == -E2BIG || err == -EMSGSIZE)
		ms_lists_uri_refuse(w, 413, "too_many_recipients", f->reason);
	else if (err == -EINVAL)
		ms_lists_uri_refuse(w, 400, "malformed", "a recipient is no SIP or tel URI");
	else
		ms_lists_uri_refuse(w, 400, "malformed",
				    f->reason ? f->reason : "the list has no recipients");
	return err;
}

int ms_lists_uri_recipients(struct ms_lists_uri_work *w, struct ms_span xml)
{
	const struct ms_lists_uri_config *c = &ms_lists.config->uri_list;
	const struct ms_resource_limits limits = { .octets = (size_t)c->octets,
						   .entries = (size_t)c->recipients };
	MS_CLEANUP(ms_resource_lists_done) struct ms_resource_lists l = { 0 };
	struct ms_fault f = { 0 };
	int err = ms_resource_lists_read(xml, &limits, &l, &f);

	if (err == 0)
		err = l.n > 0 ? keep(w, &l) : -ENODATA;
	return err < 0 ? refuse(w, err, &f) : check(w);
}
