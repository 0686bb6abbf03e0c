import type { Asset, PhotoMetadata } from '../api/types';
import type { IconName } from '../components/icons';
import { t, type MessageKey } from '../i18n';
import { formatClock, formatDay, formatMoment, formatOffset, parseTime, wallClock } from './dates';
import {
  exposureLine,
  formatBitrate,
  formatBytes,
  formatMegapixels,
  formatNumber,
  formatPlace,
  formatShort,
} from './format';
import { formatLength } from './media-kind';

export interface Fact {
  label: MessageKey;
  icon: IconName;
  main: string;
  lines: string[];
}

/**
 * What is known of an asset, in the order and words of the information panel. Unknown things are left out, but for the place, which is
 * then empty, so that one can be given.
 */
export function describe(asset: Asset): Fact[] {
  const meta = (asset.specific_metadata ?? {}) as PhotoMetadata;
  const groups = [
    when(asset),
    camera(meta),
    asset.type === 'AUDIO' ? sound(asset, meta) : picture(asset, meta),
    file(asset),
    folder(asset),
    place(meta),
  ];
  return groups.filter((group): group is Fact => group !== null);
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
    parts.push(`${formatNumber(width)} × ${formatNumber(height)}`);
    parts.push(asset.type === 'VIDEO' ? formatLength(asset.duration) : formatMegapixels(width, height));
  }
  if (meta.is_raw) parts.push(t('info.raw'));
  const main = parts.filter(Boolean).join(' · ');
  const rate = meta.frame_rate ? t('info.frame_rate', { rate: formatShort(meta.frame_rate) }) : '';
  const beside = meta.has_gain_map ? t('info.gain_map') : '';
  const line = [beside, meta.codec, rate, formatBitrate(meta.bitrate)].filter(Boolean).join(' · ');
  const [label, icon] =
    asset.type === 'VIDEO' ? (['info.video', 'play'] as const) : (['info.details', 'photos'] as const);
  return main || line ? { label, icon, main, lines: line ? [line] : [] } : null;
}

function sound(asset: Asset, meta: PhotoMetadata): Fact {
  const channels =
    meta.channels === 1
      ? t('info.mono')
      : meta.channels === 2
        ? t('info.stereo')
        : meta.channels
          ? t('info.channels', { count: meta.channels })
          : '';
  const rate = meta.sample_rate ? t('info.sample_rate', { rate: formatShort(meta.sample_rate / 1000) }) : '';
  const technical = [meta.codec, formatBitrate(meta.bitrate), rate, channels].filter(Boolean).join(' · ');
  const music = [meta.genre, meta.year].filter(Boolean).join(' · ');
  return {
    label: 'info.sound',
    icon: 'music',
    main: formatLength(asset.duration) || t('info.sound'),
    lines: [technical, music].filter(Boolean),
  };
}

function file(asset: Asset): Fact {
  const lines = [[formatBytes(asset.file_size), asset.mime_type].filter(Boolean).join(' · ')];
  return { label: 'info.file', icon: 'file', main: asset.original_filename, lines };
}

function folder(asset: Asset): Fact | null {
  const path = (asset.storage_path ?? '').split('/').slice(0, -1).join('/');
  return path ? { label: 'info.folder', icon: 'folder', main: path, lines: [] } : null;
}

function place(meta: PhotoMetadata): Fact {
  const main = formatPlace(meta.gps_latitude, meta.gps_longitude) ?? '';
  return { label: 'info.place', icon: 'place', main, lines: [] };
}
