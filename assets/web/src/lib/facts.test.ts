import { describe as suite, expect, it } from 'vitest';
import type { Asset } from '../api/types';
import { describe } from './facts';

const bare = {
  asset_id: 'x',
  type: 'PHOTO',
  original_filename: 'IMG_1.jpg',
  storage_path: '',
  mime_type: 'image/jpeg',
  file_size: 0,
  specific_metadata: null,
} as unknown as Asset;

suite('describe', () => {
  it('tells what a photo has beside its picture', () => {
    const specific_metadata = { is_raw: true, has_gain_map: true };
    const groups = describe({ ...bare, width: 4000, height: 3000, specific_metadata } as Asset);
    const details = groups.find((group) => group.label === 'info.details');
    expect(details?.main).toMatch(/ · RAW$/);
    expect(details?.lines).toEqual(['HDR gain map']);
  });

  it('shows what the camera wrote', () => {
    const groups = describe({
      ...bare,
      taken_time: '2031-07-04T07:15:00Z',
      capture_offset_minutes: 120,
      width: 4000,
      height: 3000,
      file_size: 2_500_000,
      storage_path: 'inbox/2031/07/IMG_1.jpg',
      specific_metadata: {
        camera_model: 'Canon EOS R5',
        lens_model: 'RF50mm F1.8',
        exposure_time: '1/250',
        f_number: 2.8,
        iso_speed: 100,
        focal_length: 50,
        exposure: -0.3333,
        gps_latitude: 48.85837,
        gps_longitude: 2.29448,
      },
    } as Asset);
    const by = Object.fromEntries(groups.map((group) => [group.label, [group.main, ...group.lines]]));
    expect(by['info.taken']![0]).toMatch(/4.*2031|2031.*4/);
    expect(by['info.taken']![1]).toMatch(/09:15:00.*UTC\+02:00/);
    expect(by['info.camera']).toEqual([
      'Canon EOS R5',
      'RF50mm F1.8',
      '1/250 s · f/2.8 · ISO 100 · 50 mm · −0.3 EV',
    ]);
    expect(by['info.details']).toEqual(['4,000 × 3,000 · 12 MP']);
    expect(by['info.file']).toEqual(['IMG_1.jpg', '2.5 MB · image/jpeg']);
    expect(by['info.folder']).toEqual(['inbox/2031/07']);
    expect(by['info.place']).toEqual(['48.85837° N, 2.29448° E']);
  });

  it('survives a picture nothing is known of', () => {
    const groups = describe(bare);
    expect(groups.map((group) => group.label)).toEqual(['info.added', 'info.file', 'info.place']);
  });

  it('tells of videos and recordings what players do', () => {
    const video = describe({
      ...bare,
      type: 'VIDEO',
      width: 1920,
      height: 1080,
      duration: 12.4,
      specific_metadata: { codec: 'avc1', frame_rate: 29.97, bitrate: 8_500_000 },
    } as Asset);
    const shot = video.find((group) => group.label === 'info.video')!;
    expect([shot.main, ...shot.lines]).toEqual(['1,920 × 1,080 · 0:12', 'avc1 · 30 fps · 8.5 Mbit/s']);
    const audio = describe({
      ...bare,
      type: 'AUDIO',
      duration: 200,
      specific_metadata: {
        codec: 'mp3',
        bitrate: 128_000,
        sample_rate: 44_100,
        channels: 2,
        genre: 'Folk',
        year: 1987,
      },
    } as Asset);
    const sound = audio.find((group) => group.label === 'info.sound')!;
    expect([sound.main, ...sound.lines]).toEqual([
      '3:20',
      'mp3 · 128 kbit/s · 44.1 kHz · stereo',
      'Folk · 1987',
    ]);
  });
});
