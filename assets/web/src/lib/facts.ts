import type { Asset, PhotoMetadata } from '../api/types';
import type { IconName } from '../components/icons';
import { t, type MessageKey } from '../i18n';
import { formatClock, formatDay, formatMoment, formatOffset, parseTime, wallClock } from './dates';
import { exposureLine, formatBytes, formatMegapixels, formatNumber, formatPlace } from './format';

export interface Fact {
  label: MessageKey;
  icon: IconName;
  main: string;
  lines: string[];
}

export interface Facts {
  description: string;
  groups: Fact[];
}

/** What is known of a picture, in the order and words of the information panel; unknown things are left out. */
export function describe(asset: Asset): Facts {
  const meta = (asset.specific_metadata ?? {}) as PhotoMetadata;
  const groups = [when(asset), camera(meta), picture(asset, meta), file(asset), folder(asset), place(meta)];
  return {
    description: text(meta.description),
    groups: groups.filter((group): group is Fact => group !== null),
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.trim() : '';
}

function when(asset: Asset): Fact {
  if (parseTime(asset.taken_time) === null)
    return {
      label: 'info.added',
      icon: 'calendar',
      main: formatMoment(asset.upload_time),
      lines: [t('info.no_date')],
    };
  const wall = wallClock(asset);
  const offset = asset.capture_offset_minutes;
  const zone =
    offset === undefined || offset === null
      ? t('info.no_zone')
      : t('info.zone', { offset: formatOffset(offset) });
  return {
    label: 'info.taken',
    icon: 'calendar',
    main: formatDay(wall),
    lines: [`${formatClock(wall)} · ${zone}`],
  };
}

function camera(meta: PhotoMetadata): Fact | null {
  const model = text(meta.camera_model);
  const lens = text(meta.lens_model);
  const exposure = exposureLine(meta);
  const bias = meta.exposure ? t('info.exposure_bias', { value: signed(meta.exposure) }) : '';
  const lines = [lens, [exposure, bias].filter(Boolean).join(' · ')].filter(Boolean);
  if (!model && !lines.length) return null;
  return { label: 'info.camera', icon: 'camera', main: model || t('info.unknown_camera'), lines };
}

function signed(value: number): string {
  const rounded = Math.round(value * 10) / 10;
  return rounded > 0 ? `+${rounded}` : `−${Math.abs(rounded)}`;
}

function picture(asset: Asset, meta: PhotoMetadata): Fact | null {
  const { width, height } = asset;
  const parts = [];
  if (width && height) {
    parts.push(`${formatNumber(width)} × ${formatNumber(height)}`, formatMegapixels(width, height));
  }
  if (meta.is_raw) parts.push(t('info.raw'));
  return parts.length ? { label: 'info.details', icon: 'photos', main: parts.join(' · '), lines: [] } : null;
}

function file(asset: Asset): Fact {
  const lines = [[formatBytes(asset.file_size), asset.mime_type].filter(Boolean).join(' · ')];
  return { label: 'info.file', icon: 'file', main: asset.original_filename, lines };
}

function folder(asset: Asset): Fact | null {
  const path = (asset.storage_path ?? '').split('/').slice(0, -1).join('/');
  return path ? { label: 'info.folder', icon: 'folder', main: path, lines: [] } : null;
}

function place(meta: PhotoMetadata): Fact | null {
  const spot = formatPlace(meta.gps_latitude, meta.gps_longitude);
  return spot ? { label: 'info.place', icon: 'place', main: spot, lines: [] } : null;
}
