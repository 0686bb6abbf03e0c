import type { AuditEvent } from '../api/types';
import { t, tn, type MessageKey } from '../i18n';

export type AuditAction = AuditEvent['action'];

export const ACTIONS: readonly AuditAction[] = [
  'login',
  'login_failed',
  'logout',
  'sessions_revoked',
  'refresh_token_reused',
  'user_registered',
  'user_created',
  'user_updated',
  'access_reset',
  'password_changed',
  'totp_enabled',
  'totp_disabled',
  'recovery_codes_regenerated',
  'passkey_enrolled',
  'passkey_renamed',
  'passkey_deleted',
  'invite_created',
  'invite_revoked',
  'settings_updated',
  'assets_deleted',
];

/** What an administrator should look at twice. */
export function isWorrying(event: AuditEvent): boolean {
  return event.action === 'login_failed' || event.action === 'refresh_token_reused';
}

/** What happened, as one would say it. */
export function sentence(event: AuditEvent): string {
  const actor = event.actor ?? t(event.address ? 'audit.somebody' : 'audit.command_line');
  const subject = event.subject ?? actor;
  const detail = (name: string) => String(event.details[name] ?? '');
  switch (event.action) {
    case 'login':
      return t('audit.login', { actor, method: t(`audit.method_${detail('method')}` as MessageKey) });
    case 'login_failed': {
      const method = t(`audit.method_${detail('method')}` as MessageKey);
      return event.subject
        ? tn('audit.login_failed', event.count, { subject, method })
        : tn('audit.login_unknown', event.count, { method });
    }
    case 'sessions_revoked':
      return tn('audit.sessions_revoked', Number(event.details.count), { actor });
    case 'user_registered':
      return t(registration(event), { actor, invite: detail('invite_id') });
    case 'user_updated':
      return changes(event, actor, subject).join(' · ');
    case 'settings_updated':
      return t('audit.settings_updated', { actor, names: (event.details.changed as string[]).join(', ') });
    case 'assets_deleted':
      return tn(deletion(event), Number(event.details.count), { actor });
    default:
      return t(`audit.${event.action}`, {
        actor,
        subject,
        label: detail('label'),
        invite: detail('invite_id'),
      });
  }
}

function registration({ details }: AuditEvent): MessageKey {
  if (details.invite_id) return 'audit.guest_registered';
  return details.role === 'admin' ? 'audit.admin_registered' : 'audit.user_registered';
}

function deletion({ details }: AuditEvent) {
  return details.why === 'retention' ? 'audit.assets_expired' : 'audit.assets_deleted';
}

function changes({ details }: AuditEvent, actor: string, subject: string): string[] {
  const said: string[] = [];
  const add = (key: MessageKey) => said.push(t(key, { actor, subject }));
  if (details.username) add('audit.user_renamed');
  if (details.role) add(details.role === 'admin' ? 'audit.user_promoted' : 'audit.user_demoted');
  if (details.is_active === true) add('audit.user_activated');
  if (details.is_active === false) add('audit.user_deactivated');
  return said;
}
