export type ThemeChoice = 'system' | 'light' | 'dark';

const KEY = 'lumilio.theme';
const system = matchMedia('(prefers-color-scheme: dark)');

class Theme {
  choice = $state<ThemeChoice>(stored());
  private systemDark = $state(system.matches);
  dark = $derived(this.choice === 'system' ? this.systemDark : this.choice === 'dark');

  start(): void {
    this.apply();
    system.addEventListener('change', (event) => {
      this.systemDark = event.matches;
      this.apply();
    });
  }

  choose(choice: ThemeChoice): void {
    this.choice = choice;
    localStorage.setItem(KEY, choice);
    this.apply();
  }

  private apply(): void {
    document.documentElement.dataset.theme = this.dark ? 'dark' : 'light';
    const bar = document.querySelector('meta[name="theme-color"]');
    bar?.setAttribute('content', getComputedStyle(document.documentElement).getPropertyValue('--bg').trim());
  }
}

function stored(): ThemeChoice {
  const value = localStorage.getItem(KEY);
  return value === 'light' || value === 'dark' ? value : 'system';
}

export const theme = new Theme();
