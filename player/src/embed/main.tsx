document.getElementById('root')?.append('Amphi: embed');
