import { get, post } from '../api/client';
import type { RepositoryCreate, SetupStatus } from '../api/types';

/** How far the first start has come; decides between wizard, sign-in and the photos. */
class Setup {
  status = $state.raw<SetupStatus | null>(null);
  /** The wizard is being walked through; keeps its last step on screen although setup is done. */
  wizardOpen = $state(false);

  get ready(): boolean {
    return Boolean(this.status?.admin_initialized && this.status.primary_repository_initialized);
  }

  async load(): Promise<SetupStatus> {
    this.status = await get('/api/v1/setup/status', { anonymous: true });
    return this.status;
  }

  async createPrimary(body: RepositoryCreate): Promise<void> {
    await post('/api/v1/repositories', { body: { ...body, role: 'primary' } });
    await this.load();
  }
}

export const setup = new Setup();
