/* SPDX-License-Identifier: Apache-2.0 */
/* mediasec-alg: start, reload and stop. One process, one loop. */
#include "alg/alg.h"
#include "daemon/role.h"

struct ms_alg ms_alg;

static const char *const loose[] = { MS_BORDER_LOOSE,   "access.unregistered",
				     "access.verify",   "access.msrp_tls",
				     "access.bfcp_tls", "access.visited_network",
				     "access.charging", NULL };

static struct ms_anchor_policy policy_of(const struct ms_alg_config *c)
{
	return ms_border_policy(&c->shared.media, MS_ANCHOR_ALG, c->access.msrp_tls,
				c->access.bfcp_tls, c->shared.sip.sessions);
}

static int open_border(struct ms_alg *a)
{
	const struct ms_alg_config *c = a->config, *first = ms_config_values(a->first);
	struct ms_border_spec spec = {
		.policy = policy_of(c),
		.flows = true,
		.handlers = { .request = ms_alg_request,
			      .response = ms_alg_response,
			      .stream_lost = ms_alg_stream_lost,
			      .reach = ms_alg_reach },
		.arg = a,
	};

	return ms_border_service_start(&a->service, &c->shared, &first->shared, &ms_h248_profile_iq,
				       &spec);
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

	(void)d;
	a->config = config;
	err = ms_config_copy(ms_alg_config_fields, config, sizeof(*a->config), &a->first);
	if (err == 0)
		err = ms_alg_registrar_new(a->config->access.contacts,
					   a->config->access.contacts_user, &a->registrar);
	if (err == 0)
		err = keep_contacts(a);
	if (err == 0)
		err = open_border(a);
	return err == 0 ? ms_daemon_role_drop(&a->config->shared.daemon, true) : err;
}

static int reload(struct ms_daemon *d, const void *config)
{
	const struct ms_alg_config *c = config;
	struct ms_anchor_policy policy = policy_of(c);
	int err = ms_border_service_change(&ms_alg.service, d, &c->shared, &policy);

	if (err == 0)
		ms_alg.config = c;
	return err;
}

static void stop(struct ms_daemon *d)
{
	ms_border_service_stop(&ms_alg.service, d);
}

static void done(struct ms_daemon *d)
{
	struct ms_alg *a = &ms_alg;

	(void)d;
	ms_border_service_end(&a->service);
	a->registrar = ms_alg_registrar_free(a->registrar);
	a->first = ms_config_free(a->first);
}

const struct ms_daemon_app ms_alg_app = {
	.name = "mediasec-alg",
	.summary = "IMS-ALG and P-CSCF: users' SIP, and their media through a gateway.",
	.config_path = "/etc/mediasec/alg.yaml",
	.fields = ms_alg_config_fields,
	.config_size = sizeof(struct ms_alg_config),
	.daemon_offset = offsetof(struct ms_alg_config, shared.daemon),
	.check = ms_alg_config_check,
	.start = start,
	.reload = reload,
	.loose = loose,
	.stop = stop,
	.done = done,
	.counters = ms_border_counter_sets,
	.categories = ms_border_log_categories,
	.commands = ms_alg_commands,
};

int main(int argc, char **argv)
{
	return ms_daemon_main(&ms_alg_app, argc, argv);
}
