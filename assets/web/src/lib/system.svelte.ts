import { get, patch, post } from '../api/client';
import type { RuntimeInfo, SystemSettings, SystemSettingsPatch } from '../api/types';

/** The settings of the running system, while an administrator looks at them. */
export class System {
  settings = $state.raw<SystemSettings | null>(null);
  runtime = $state.raw<RuntimeInfo | null>(null);
  error = $state.raw<unknown>(null);

  async load(): Promise<void> {
    this.error = null;
    try {
      [this.settings, this.runtime] = await Promise.all([
        get('/api/v1/settings/system'),
        get('/api/v1/settings/runtime-info'),
      ]);
    } catch (error) {
      this.error = error;
    }
  }

  async change(body: SystemSettingsPatch): Promise<void> {
    this.settings = await patch('/api/v1/settings/system', { body });
  }

  /** Asks a language model for one word without storing it; rejects with the reason when it does not answer. */
  async checkModel(model: NonNullable<SystemSettingsPatch['llm']>): Promise<void> {
    await post('/api/v1/settings/system/validate-llm', { body: model });
  }
}
