/* SPDX-License-Identifier: Apache-2.0 */
/* mediasec-alg: start, reload and stop. One process, one loop. */
#include "alg/alg.h"
#include "daemon/role.h"

struct ms_alg ms_alg;

static struct ms_counter_set *const counter_sets[] = { &ms_border_counters, &ms_border_sip_counters,
						       &ms_border_h248_counters, NULL };
static struct ms_log_category *const categories[] = { &ms_border_log, &ms_border_h248_log, NULL };

static const char *const loose[] = {
	MS_BORDER_LOOSE,          "h248.gateways",   "access.unregistered",
	"access.verify",          "access.msrp_tls", "access.bfcp_tls",
	"access.visited_network", "access.charging", NULL
};

static struct ms_anchor_policy policy_of(const struct ms_alg_config *c)
{
	return ms_border_policy(&c->media, MS_ANCHOR_ALG, c->access.msrp_tls, c->access.bfcp_tls,
				c->sip.sessions);
}

static int open_border(struct ms_alg *a)
{
	const struct ms_alg_config *c = a->config, *first = ms_config_values(a->first);
	struct ms_border_spec spec = {
		.sip = &c->sip,
		.policy = policy_of(c),
		.flows = true,
		.handlers = { .request = ms_alg_request,
			      .response = ms_alg_response,
			      .stream_lost = ms_alg_stream_lost,
			      .reach = ms_alg_reach },
		.arg = a,
	};
	MS_CLEANUP(ms_buf_done) struct ms_buf error;
	int err;

	ms_buf_init(&error, 1024);
	err = ms_border_hep_open(&first->hep, &error, &a->hep);
	if (err == 0)
		err = ms_border_metrics_open(&first->metrics, &error, &a->metrics);
	if (err == 0)
		err = ms_border_gateways_new(&first->h248, &ms_h248_profile_iq, &first->profile,
					     &error, &a->gateways);
	if (err == 0) {
		ms_border_gateways_export(a->gateways, a->hep);
		spec.hep = a->hep;
		spec.mgc = ms_border_gateways_mgc(a->gateways);
		err = ms_border_new(&spec, &error, &a->border);
	}
	if (err < 0)
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "%s",
		       error.len > 0 ? ms_buf_cstr(&error) : strerror(-err));
	return err;
}

static int keep_contacts(struct ms_alg *a)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf error;
	int err;

	ms_buf_init(&error, 1024);
	err = ms_alg_registrar_keep(a->registrar, a->config->access.state, &error);
	if (err < 0)
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "%s",
		       error.len > 0 ? ms_buf_cstr(&error) : strerror(-err));
	return err;
}

static int start(struct ms_daemon *d, const void *config)
{
	struct ms_alg *a = &ms_alg;
	int err;

	a->daemon = d;
	a->config = config;
	err = ms_config_copy(ms_alg_config_fields, config, sizeof(*a->config), &a->first);
	if (err == 0)
		err = ms_alg_registrar_new(a->config->access.contacts,
					   a->config->access.contacts_user, &a->registrar);
	if (err == 0)
		err = keep_contacts(a);
	if (err == 0)
		err = open_border(a);
	return err == 0 ? ms_daemon_role_drop(&a->config->daemon, true) : err;
}

static int reload(struct ms_daemon *d, const void *config)
{
	const struct ms_alg_config *c = config;
	struct ms_anchor_policy policy = policy_of(c);
	MS_CLEANUP(ms_buf_done) struct ms_buf error;
	int err;

	(void)d;
	ms_buf_init(&error, 1024);
	err = ms_border_gateways_change(ms_alg.gateways, &c->h248, &error);
	if (err == 0) {
		err = ms_border_change(ms_alg.border, &c->sip, &policy, &error);
		if (err < 0) /* back: these gateways are still known */
			(void)!ms_border_gateways_change(ms_alg.gateways, &ms_alg.config->h248,
							 &error);
	}
	if (err < 0)
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "%s",
		       error.len > 0 ? ms_buf_cstr(&error) : strerror(-err));
	else
		ms_alg.config = c;
	return err;
}

static void ended(void *arg)
{
	ms_daemon_stopped(arg);
}

static void stop(struct ms_daemon *d)
{
	struct ms_alg *a = &ms_alg;

	ms_border_shutdown(a->border, a->config->daemon.stop_limit, ended, d);
}

static void done(struct ms_daemon *d)
{
	struct ms_alg *a = &ms_alg;

	(void)d;
	a->border = ms_border_free(a->border);
	a->gateways = ms_border_gateways_free(a->gateways);
	a->hep = ms_hep_sender_free(a->hep);
	a->metrics = ms_border_metrics_close(a->metrics);
	a->registrar = ms_alg_registrar_free(a->registrar);
	a->first = ms_config_free(a->first);
}

const struct ms_daemon_app ms_alg_app = {
	.name = "mediasec-alg",
	.summary = "IMS-ALG and P-CSCF: users' SIP, and their media through a gateway.",
	.config_path = "/etc/mediasec/alg.yaml",
	.fields = ms_alg_config_fields,
	.config_size = sizeof(struct ms_alg_config),
	.daemon_offset = offsetof(struct ms_alg_config, daemon),
	.check = ms_alg_config_check,
	.start = start,
	.reload = reload,
	.loose = loose,
	.stop = stop,
	.done = done,
	.counters = counter_sets,
	.categories = categories,
	.commands = ms_alg_commands,
};

int main(int argc, char **argv)
{
	return ms_daemon_main(&ms_alg_app, argc, argv);
}
